// The charts of a rollback, on samples that the server gives: one moment and one zoom for all of them.
"use strict";
(() => {
  const { make, put, clock, short, known, any, colours, options, symbol, flag } = stage4Plots;
  const every = 5000;
  const closest = 5; // seconds: what one can zoom in to
  const charts = { box: null, page: null, plots: [], view: null, hover: null, pinned: null, placing: false };
  let asking = false, theme = "";
  const words = () => charts.page.words;
  const view = () => charts.view || charts.page.window;
  const moment = () => charts.hover ?? charts.pinned;

  // --- one chart, as the page has it ---------------------------------------------------------------------------------
  function selected(plot) {
    const { left, width } = plot.select;
    if (width > 3) zoom([plot.posToVal(left, "x"), plot.posToVal(left + width, "x")]);
    if (width) plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }
  function moved(plot) {
    const { left } = plot.cursor, bubble = plot.over.querySelector(".chart-at") || plot.over.appendChild(make("span", { class: "chart-at" }));
    bubble.hidden = left < 0;
    if (left >= 0) { put(bubble, clock(plot.posToVal(left, "x"))); bubble.style.left = `${Math.min(Math.max(left, 28), plot.over.clientWidth - 28)}px`; }
    if (charts.placing || !charts.page) return;
    const hover = plot.cursor.left < 0 ? null : plot.posToVal(plot.cursor.left, "x");
    if (hover === charts.hover) return;
    charts.hover = hover;
    soon();
  }
  function figure(panel, big) {
    const found = make("figure", { class: big ? "chart lead" : "chart" }), head = make("figcaption");
    head.append(make("span", { class: "chart-title" }, panel.title), make("strong", { class: "chart-now" }), make("span", { class: "chart-state" }));
    found.append(head);
    if (panel.error && any(panel)) head.append(make("span", { class: "chart-error-here warning small-text" }, panel.error));
    if (!any(panel)) { found.append(make("p", { class: "chart-empty quiet" }, panel.error || words().empty)); return found; }
    const key = make("ul", { class: "chart-key" });
    panel.series.forEach((one, index) => {
      const item = make("li");
      item.append(symbol(index), make("span", {}, one.name), make("b"));
      key.append(item);
    });
    found.append(make("div", { class: "plot", "aria-hidden": "true" }), ...(big ? [bar()] : []), key);
    if (big) found.append(...panel.limits.map((one) => make("p", { class: one.critical ? "chart-limit critical" : "chart-limit" }, one.text)));
    return found;
  }

  // --- one moment for all -----------------------------------------------------------------------------------------
  function nearest(panel, at) {
    const times = panel.times;
    let low = 0, high = times.length - 1;
    while (high - low > 1) { const middle = (low + high) >> 1; if (times[middle] < at) low = middle; else high = middle; }
    const index = at - times[low] <= times[high] - at ? low : high;
    return index >= 0 && Math.abs(times[index] - at) <= 1.5 * stride(panel) ? index : -1;
  }
  const stride = (panel) => panel.times.length > 1 ? Math.max((panel.times.at(-1) - panel.times[0]) / (panel.times.length - 1), 1) : 15;
  const lastOf = (panel, one) => { const index = one.values.findLastIndex((value) => value != null); return index < 0 ? [null, null] : [one.values[index], panel.times[index]]; };
  const shown = (panel, one) => {
    if (moment() == null) return lastOf(panel, one);
    const index = nearest(panel, moment());
    return index < 0 ? [null, null] : [one.values[index], panel.times[index]];
  };
  const crossed = (panel, [value, , index]) => panel.limits.find((one) => one.lines.includes(index) && (one.above ? value > one.value : value < one.value));
  // The value that counts is the one nearest to the limit, or beyond it: with several lines the worst of them.
  function worst(panel) {
    const first = panel.limits[0], limited = (index) => !first || first.lines.includes(index);
    return panel.series.map((one, index) => [...shown(panel, one), index]).filter(([value]) => value != null).sort(([a, , left], [b, , right]) => limited(right) - limited(left) || (first && !first.above ? a - b : b - a))[0];
  }
  function read(panel, node) {
    const top = worst(panel), state = node.querySelector(".chart-state"), limit = top && crossed(panel, top);
    put(node.querySelector(".chart-now"), top ? short(top[0], panel.unit) : "–");
    const name = top && panel.series.length > 1 ? panel.series[top[2]].name : "";
    const late = top && moment() == null && charts.page.window[1] - top[1] > Math.max(2.5 * stride(panel), 5);
    const told = limit ? `▲ ${limit.crossed}` : panel.limits[0]?.short || "";
    put(state, [name, told, top ? (late ? `${words().since} ${clock(top[1])}` : "") : words().none].filter(Boolean).join(" · "));
    state.className = `chart-state${limit ? (limit.critical ? " beyond" : " high") : ""}${late || !top ? " late" : ""}`;
    node.classList.toggle("beyond", Boolean(limit?.critical));
    panel.series.forEach((one, index) => put(node.querySelectorAll(".chart-key b")[index], short(shown(panel, one)[0], panel.unit)));
  }
  function readouts() {
    const { box, page } = charts, slider = box.querySelector(".chart-bar input"), at = moment();
    const unfolded = box.querySelector(".chart-table");
    if (unfolded.open) table(unfolded);
    page.panels.forEach((panel, index) => { if (any(panel)) read(panel, charts.figures[index]); });
    if (!slider) return;
    const time = at == null ? `${words().latest} ${clock(page.window[1])} UTC` : `${clock(at)} UTC`;
    put(box.querySelector(".chart-bar output"), time);
    [slider.min, slider.max] = view().map((one) => String(Math.floor(one)));
    slider.value = String(Math.round(at ?? view()[1]));
    const told = page.panels[page.lead]?.series.map((one) => `${one.name} ${short(shown(page.panels[page.lead], one)[0], page.panels[page.lead].unit)}`).join(", ");
    slider.setAttribute("aria-valuetext", told ? `${time}: ${told}` : time);
    box.querySelector("[data-do=latest]").hidden = charts.pinned == null;
    box.querySelector("[data-do=whole]").disabled = !charts.view;
  }
  const soon = () => { soon.asked ||= requestAnimationFrame(() => { soon.asked = 0; readouts(); }); };
  function place() {
    charts.placing = true;
    for (const plot of charts.plots) if (plot && charts.hover == null) plot.setCursor({ left: charts.pinned == null ? -10 : plot.valToPos(charts.pinned, "x"), top: charts.pinned == null ? -10 : plot.over.clientHeight / 2 });
    charts.placing = false;
  }
  function table(unfolded) {
    const { page } = charts, [from, to] = view(), found = make("table"), head = make("tr"), at = moment();
    for (const text of [words().series, at == null ? words().latest : `${clock(at)} UTC`, words().lowest, words().highest]) head.append(make("th", { scope: "col" }, text));
    found.append(make("caption", { class: "small-text quiet" }, `${clock(from)}–${clock(to)} UTC`), make("thead"));
    found.tHead.append(head);
    for (const panel of page.panels) {
      const body = found.appendChild(make("tbody")), title = body.appendChild(make("tr"));
      title.append(make("th", { scope: "rowgroup", colspan: "4" }, [panel.title, ...panel.limits.map((one) => one.short)].join(" · ")));
      for (const one of panel.series) {
        const row = body.appendChild(make("tr")), seen = known(one.values.filter((value, index) => panel.times[index] >= from && panel.times[index] <= to));
        row.append(make("th", { scope: "row" }, one.name));
        for (const value of [shown(panel, one)[0], seen.length ? Math.min(...seen) : null, seen.length ? Math.max(...seen) : null]) row.append(make("td", {}, value == null ? words().none : short(value, panel.unit)));
      }
    }
    unfolded.querySelector("table")?.remove();
    unfolded.append(found);
  }

  // --- one zoom for all -------------------------------------------------------------------------------------------
  function zoom(range) {
    const [first, last] = charts.page.window;
    if (range) {
      let [from, to] = range;
      if (to - from < closest) { const middle = (from + to) / 2; from = middle - closest / 2; to = middle + closest / 2; }
      from = Math.max(from, first); to = Math.min(to, last);
      charts.view = to - from >= last - first - 1 || to <= from ? null : [from, to];
    } else charts.view = null;
    scale();
  }
  function scale() {
    const [min, max] = view();
    for (const plot of charts.plots) plot?.setScale("x", { min, max });
    place();
    soon();
  }
  function press(what) {
    const [from, to] = view(), centre = moment() ?? to, factor = { in: .5, out: 2 }[what];
    if (factor) zoom([centre - (centre - from) * factor, centre + (to - centre) * factor]);
    else if (what === "watch") zoom([charts.page.watch[0] - 2, charts.page.watch[1] + 2]);
    else if (what === "whole") zoom(null);
    else { charts.pinned = charts.hover = null; place(); soon(); charts.box.querySelector(".chart-bar input").focus(); }
  }
  function bar() {
    const found = make("div", { class: "chart-bar", role: "group", "aria-label": words().tools }), slider = make("input", { type: "range", step: "1", "aria-label": words().time });
    found.append(slider, make("output"));
    for (const [what, text, named = ""] of [["latest", words().latest_button], ["in", "+", words().in], ["out", "−", words().out], ["whole", words().whole], ...(charts.page.watch ? [["watch", words().watch]] : [])]) found.append(make("button", { type: "button", class: "small", "data-do": what, ...(named && { "aria-label": named, title: named }) }, text));
    slider.addEventListener("input", () => { charts.hover = null; charts.pinned = Number(slider.value); place(); soon(); });
    found.addEventListener("click", (event) => { const what = event.target.closest("[data-do]")?.dataset.do; if (what) press(what); });
    return found;
  }

  // --- the whole ----------------------------------------------------------------------------------------------------
  function legend() {
    const found = make("ol", { class: "chart-marks" });
    charts.page.marks.forEach(([at, text, kind], index) => {
      const one = found.appendChild(make("li", { class: kind && "at-stop" }));
      one.append(make("b", { "aria-hidden": "true" }, `${index + 1}`), ` ${text} ${clock(at)} UTC`);
    });
    return found;
  }
  function band() {
    const found = make("p", { class: "chart-band" });
    if (charts.page.watch) found.append(make("i", { "aria-hidden": "true" }), ` ${words().watch} ${charts.page.watch.map(clock).join("–")} UTC`);
    return found;
  }
  const shape = (page) => JSON.stringify([page.panels.map((one) => [one.title, one.error, any(one), one.limits, one.series.map((line) => line.name)]), page.lead, Boolean(page.watch), page.words, theme]);
  function build(box, page) {
    charts.plots.forEach((one) => one?.destroy());
    sizes.disconnect();
    charts.plots = [];
    charts.figures = page.panels.map((panel, index) => figure(panel, index === page.lead));
    const grid = make("div", { class: "chart-grid" }), values = make("details", { class: "chart-table more" });
    const unfold = make("button", { type: "button", class: "chart-unfold", "aria-expanded": "false" }, `${words().more} (${page.panels.length - 1})`);
    unfold.addEventListener("click", () => unfold.setAttribute("aria-expanded", String(grid.classList.toggle("unfolded"))));
    grid.append(charts.figures[page.lead], unfold, ...charts.figures.filter((one, index) => index !== page.lead));
    values.append(make("summary", {}, words().table));
    values.addEventListener("toggle", soon);
    box.replaceChildren(grid, legend(), band(), make("p", { class: "chart-note small-text quiet" }), values);
    for (const one of charts.figures) { const node = one.querySelector(".plot"); if (node) sizes.observe(node); }
  }
  // A chart that is folded away has no size, and none is drawn until it has one.
  const sizes = new ResizeObserver((seen) => {
    for (const { target } of seen) {
      const index = charts.figures.findIndex((one) => one.contains(target)), plot = charts.plots[index], panel = charts.page.panels[index];
      if (!panel || !target.clientWidth || !target.clientHeight) continue;
      if (plot) plot.setSize({ width: target.clientWidth, height: target.clientHeight });
      else {
        const made = new uPlot(options(charts, panel, index === charts.page.lead, target, { reset: () => zoom(null), selected, moved }), data(panel), (self, ready) => { target.replaceChildren(self.root); ready(); });
        charts.plots[index] = made;
        const [min, max] = view();
        made.setScale("x", { min, max });
      }
    }
    place();
    soon();
  });
  const data = (panel) => [panel.times, ...panel.series.map((one) => one.values)];
  function draw(box, page) {
    theme = colours();
    charts.page = page;
    if (charts.box !== box || charts.view?.[0] < page.window[0]) charts.view = charts.pinned = charts.hover = null;
    if (charts.box !== box || box.dataset.shape !== shape(page)) { charts.box = box; build(box, page); box.dataset.shape = shape(page); }
    box.querySelector(".chart-marks").replaceWith(legend());
    box.querySelector(".chart-band").replaceWith(band());
    put(box.querySelector(".chart-note"), [...page.notes, words().help].join(" "));
    page.panels.forEach((panel, index) => { if (charts.plots[index]) charts.plots[index].setData(data(panel), false); });
    scale();
  }
  function say(box, text) {
    let line = box.previousElementSibling;
    if (!line?.classList.contains("chart-error")) {
      if (!text) return;
      line = make("p", { class: "warning chart-error", role: "status", "data-keep": "" });
      box.before(line);
    }
    if (!text) line.remove();
    else put(line, text);
    box.classList.toggle("old", Boolean(text));
  }
  async function ask() {
    const box = document.getElementById("charts");
    if (!box || asking || document.hidden || !box.checkVisibility()) return;
    asking = true;
    try {
      const answer = await fetch(box.dataset.url, { headers: { Accept: "application/json" } });
      const page = await answer.json();
      if (answer.ok) { draw(box, page); say(box, ""); }
      else say(box, `${page.detail || page.title} (${page.since || ""})`);
    } catch (error) { say(box, box.dataset.down || "–"); if (!(error instanceof TypeError)) throw error; } finally { asking = false; }
  }
  document.body.addEventListener("ledger", ask);
  document.addEventListener("visibilitychange", ask);
  document.addEventListener("toggle", (event) => { if (event.target.querySelector?.("#charts")) ask(); }, true);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", ask);
  matchMedia("(forced-colors: active)").addEventListener("change", ask);
  setInterval(ask, every);
  ask();
})();

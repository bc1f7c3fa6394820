// The charts of a rollback: uPlot on samples that the server gives. One moment and one zoom for all of them.
"use strict";
(() => {
  const tokens = ["--line-1", "--line-2", "--line-3", "--line-4", "--line-5", "--line-6"];
  const dashes = [[], [9, 4], [2, 3], [9, 3, 2, 3], [5, 3], [14, 4]];
  const shades = { red: "--bad", orange: "--warn", yellow: "--warn", green: "--good" };
  const every = 5000;
  const apart = 40; // pixels: two flags of two numbers each beside each other
  const margin = 54; // pixels: the large chart's axis; the slider below it begins where the times begin
  const closest = 5; // seconds: what one can zoom in to
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600]; // seconds between two times of an axis
  const language = document.documentElement.lang || "en";
  const charts = { box: null, page: null, plots: [], view: null, hover: null, pinned: null, placing: false };
  let asking = false, paint = {};

  const make = (tag, attributes = {}, text = "") => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.textContent = text;
    return node;
  };
  const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };
  const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 19);
  const figures = (value) => new Intl.NumberFormat(language, { maximumFractionDigits: Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2 }).format(value).replace("-", "−");
  const short = (value, unit) => value == null ? "–" : figures(value) + (unit ? `\u00a0${unit}` : "");
  const known = (values) => values.filter((one) => one != null);
  const any = (panel) => panel.series.some((one) => known(one.values).length);
  const words = () => charts.page.words;
  const view = () => charts.view || charts.page.window;
  const moment = () => charts.hover ?? charts.pinned;

  function colours() {
    const probe = document.body.appendChild(document.createElement("span"));
    const of = (name, or = name) => { probe.style.color = `var(${name}, var(${or}))`; return getComputedStyle(probe).color; };
    paint = { ink: of("--ink"), quiet: of("--quiet"), line: of("--line"), strong: of("--line-strong"), bad: of("--bad"), warn: of("--warn"), good: of("--good"), stop: of("--stopped", "--warn"), watch: of("--info"), lines: tokens.map((one) => of(one)) };
    probe.remove();
  }

  // --- what is drawn under and over the lines ---------------------------------------------------------------------
  const upright = (plot, at) => plot.valToPos(at, "x", true);
  function stroke(plot, colour, width, dash, from, to) {
    const { ctx } = plot, ratio = uPlot.pxRatio;
    ctx.strokeStyle = colour; ctx.lineWidth = width * ratio; ctx.setLineDash(dash.map((one) => one * ratio));
    ctx.beginPath(); ctx.moveTo(...from); ctx.lineTo(...to); ctx.stroke();
  }
  function inside(plot, paintIt) {
    const { ctx, bbox } = plot;
    ctx.save(); ctx.beginPath(); ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height); ctx.clip();
    paintIt(ctx, bbox, uPlot.pxRatio);
    ctx.restore();
  }
  // Beyond a critical limit the ground is shaded and hatched; the watched stretch has a bar along the top.
  const ground = (panel) => (plot) => inside(plot, (ctx, box, ratio) => {
    for (const limit of panel.limits.filter((one) => one.critical)) {
      const edge = Math.min(Math.max(plot.valToPos(limit.value, "y", true), box.top), box.top + box.height);
      const top = limit.above ? box.top : edge, height = limit.above ? edge - box.top : box.top + box.height - edge;
      ctx.save(); ctx.beginPath(); ctx.rect(box.left, top, box.width, height); ctx.clip();
      ctx.globalAlpha = .09; ctx.fillStyle = paint.bad; ctx.fillRect(box.left, top, box.width, height);
      ctx.globalAlpha = .22;
      for (let x = box.left - box.height; x < box.left + box.width; x += 10 * ratio) stroke(plot, paint.bad, .7, [], [x, top + height], [x + height, top]);
      ctx.restore();
    }
    const watch = charts.page.watch;
    if (watch) {
      const [from, to] = watch.map((at) => upright(plot, at));
      ctx.globalAlpha = .8; ctx.fillStyle = paint.watch; ctx.fillRect(from, box.top, to - from, 4 * ratio);
    }
  });
  const overlay = (panel, big) => (plot) => inside(plot, (ctx, box, ratio) => {
    const right = box.left + box.width;
    const level = (value, colour, width, dash, named) => {
      const y = plot.valToPos(value, "y", true);
      stroke(plot, colour, width, dash, [box.left, y], [right, y]);
      if (!named) return;
      ctx.font = `600 ${11 * ratio}px Inter, sans-serif`; ctx.fillStyle = colour; ctx.textAlign = "left";
      ctx.textBaseline = y - box.top < 16 * ratio ? "top" : "bottom";
      ctx.fillText(short(value, panel.unit), box.left + 4 * ratio, y + (ctx.textBaseline === "top" ? 2 : -2) * ratio);
    };
    for (const [colour, value] of panel.thresholds) level(value, paint[(shades[colour] || "--strong").slice(2)] || paint.strong, 1, [1, 3], false);
    panel.limits.forEach((one, index) => level(one.value, one.critical ? paint.bad : paint.warn, one.critical ? 2 : 1.25, one.critical ? [] : [7, 3], big || !index));
    for (const [at, text, kind] of charts.page.marks) {
      const x = upright(plot, at), stop = kind === "stop";
      stroke(plot, stop ? paint.stop : paint.strong, stop ? 2 : 1, stop ? [] : [2, 3], [x, box.top], [x, box.top + box.height]);
      if (!stop || !big) continue;
      const left = right - x > 70 * ratio;
      ctx.font = `600 ${11 * ratio}px Inter, sans-serif`; ctx.fillStyle = paint.stop; ctx.textAlign = left ? "left" : "right"; ctx.textBaseline = "bottom";
      ctx.fillText(`■ ${text}`, x + (left ? 5 : -5) * ratio, box.top + box.height - 4 * ratio);
    }
  });
  // The marks' numbers stand above the plot; those that would touch share one flag, like 2–4. The list says what they are.
  function flags(places) {
    const groups = [];
    for (const [number, x] of places) {
      const before = groups.at(-1);
      if (before && x - before.right < apart) { before.last = number; before.right = x; } else groups.push({ first: number, last: number, left: x, right: x });
    }
    return groups.map((one) => [one.first === one.last ? `${one.first}` : `${one.first}–${one.last}`, (one.left + one.right) / 2]);
  }
  function flag(plot) {
    plot.over.querySelectorAll(".chart-flag").forEach((one) => one.remove());
    const places = charts.page.marks.map(([at], index) => [index + 1, plot.valToPos(at, "x")]).filter(([, x]) => x >= 0 && x <= plot.over.clientWidth);
    for (const [text, x] of flags(places)) {
      const node = plot.over.appendChild(make("span", { class: "chart-flag" }, text));
      node.style.left = `${x}px`;
    }
  }

  // --- one chart --------------------------------------------------------------------------------------------------
  const alone = (plot, series) => {
    const values = plot.data[series];
    return values.map((one, index) => one != null && values[index - 1] == null && values[index + 1] == null ? index : -1).filter((one) => one >= 0);
  };
  function options(panel, big, place) {
    const axis = { stroke: paint.quiet, grid: { stroke: paint.line, width: 1 }, ticks: { stroke: paint.line, width: 1 }, font: "12px Inter, sans-serif" };
    const levels = [0, ...panel.limits.map((one) => one.value), ...panel.thresholds.map(([, value]) => value)];
    return {
      width: place.clientWidth, height: place.clientHeight, padding: [20, 8, null, null], legend: { show: false },
      cursor: { y: false, sync: { key: "stage4", setSeries: false }, drag: { x: true, y: false, setScale: false }, bind: { dblclick: () => () => { zoom(null); return null; } } },
      scales: { x: { time: true, auto: false, range: (plot, low, high) => [low ?? view()[0], high ?? view()[1]] }, y: { range: (plot, low, high) => uPlot.rangeNum(Math.min(low ?? 0, ...levels), Math.max(high ?? 1, ...levels), .12, true) } },
      axes: [
        { ...axis, size: 30, incrs: steps, space: big ? 90 : 60, values: (plot, at) => at.map((one) => clock(one).slice(0, at.some((other) => other % 60) || (big && view()[1] - view()[0] <= 600) ? 8 : 5)) },
        { ...axis, size: big ? margin : 42, space: big ? 36 : 30, values: (plot, at) => at.map(figures) },
      ],
      series: [{}, ...panel.series.map((one, index) => ({ label: one.name, stroke: paint.lines[index % tokens.length], width: big ? 2 : 1.75, dash: dashes[index % dashes.length], spanGaps: false, points: { show: false, size: 5, filter: alone } }))],
      hooks: { drawClear: [(plot) => ground(panelOf(plot))(plot)], draw: [(plot) => overlay(panelOf(plot), big)(plot)], ready: [flag], setScale: [(plot, key) => { if (key === "x") flag(plot); }], setSelect: [selected], setCursor: [moved] },
    };
  }
  const panelOf = (plot) => charts.page.panels[charts.plots.indexOf(plot)] || plot.panel;
  function selected(plot) {
    const { left, width } = plot.select;
    if (width > 3) zoom([plot.posToVal(left, "x"), plot.posToVal(left + width, "x")]);
    if (width) plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }
  function moved(plot) {
    if (charts.placing || !charts.page) return;
    const hover = plot.cursor.left < 0 ? null : plot.posToVal(plot.cursor.left, "x");
    if (hover === charts.hover) return;
    charts.hover = hover;
    soon();
  }
  const symbol = (index) => {
    const space = "http://www.w3.org/2000/svg", swatch = document.createElementNS(space, "svg"), line = document.createElementNS(space, "line");
    for (const [name, value] of Object.entries({ class: `line-${index % tokens.length + 1}`, width: 28, height: 8, "aria-hidden": "true" })) swatch.setAttribute(name, value);
    for (const [name, value] of Object.entries({ x1: 0, x2: 28, y1: 4, y2: 4, stroke: "currentColor", "stroke-width": 2.5, "stroke-dasharray": dashes[index % dashes.length].join(" ") || "none" })) line.setAttribute(name, value);
    swatch.append(line);
    return swatch;
  };
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
  const crossed = (panel, value) => panel.limits.find((one) => one.above ? value > one.value : value < one.value);
  // The value that counts is the one nearest to the limit, or beyond it: with several lines the worst of them.
  function worst(panel) {
    const below = panel.limits[0] && !panel.limits[0].above;
    return panel.series.map((one, index) => [...shown(panel, one), index]).filter(([value]) => value != null).sort(([a], [b]) => below ? a - b : b - a)[0];
  }
  function read(panel, node) {
    const top = worst(panel), state = node.querySelector(".chart-state"), limit = top && crossed(panel, top[0]);
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
    box.querySelector("[data-do=latest]").disabled = charts.pinned == null;
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
    else { charts.pinned = charts.hover = null; place(); soon(); }
  }
  function bar() {
    const found = make("div", { class: "chart-bar", role: "group", "aria-label": words().tools }), slider = make("input", { type: "range", step: "1", "aria-label": words().time });
    found.append(slider, make("output"));
    for (const [what, text] of [["latest", words().latest_button], ["in", words().in], ["out", words().out], ["whole", words().whole], ...(charts.page.watch ? [["watch", words().watch]] : [])]) found.append(make("button", { type: "button", class: "small", "data-do": what }, text));
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
    if (charts.page.watch) {
      const one = found.appendChild(make("li", { class: "at-watch" }));
      one.append(make("i", { "aria-hidden": "true" }), ` ${words().watch} ${charts.page.watch.map(clock).join("–")} UTC`);
    }
    return found;
  }
  const shape = (page) => JSON.stringify([page.panels.map((one) => [one.title, one.error, any(one), one.limits, one.series.map((line) => line.name)]), page.lead, Boolean(page.watch), page.words, paint.ink, paint.bad]);
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
    box.replaceChildren(grid, legend(), make("p", { class: "chart-note small-text quiet" }), values);
    for (const one of charts.figures) { const node = one.querySelector(".plot"); if (node) sizes.observe(node); }
  }
  // A chart that is folded away has no size, and none is drawn until it has one.
  const sizes = new ResizeObserver((seen) => {
    for (const { target } of seen) {
      const index = charts.figures.findIndex((one) => one.contains(target)), plot = charts.plots[index], panel = charts.page.panels[index];
      if (!panel || !target.clientWidth || !target.clientHeight) continue;
      if (plot) plot.setSize({ width: target.clientWidth, height: target.clientHeight });
      else {
        const made = new uPlot(options(panel, index === charts.page.lead, target), data(panel), (self, ready) => { self.panel = panel; target.replaceChildren(self.root); ready(); });
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
    colours();
    charts.page = page;
    if (charts.view && charts.view[0] < page.window[0]) charts.view = null;
    if (charts.box !== box || box.dataset.shape !== shape(page)) { charts.box = box; build(box, page); box.dataset.shape = shape(page); }
    box.querySelector(".chart-marks").replaceWith(legend());
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

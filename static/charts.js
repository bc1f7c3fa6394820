// The charts of a rollback: uPlot on samples that the server gives. Colours come from the page's tokens.
"use strict";
(() => {
  const colours = ["--line-1", "--line-2", "--line-3", "--line-4", "--line-5", "--line-6"];
  const lines = { red: "--bad", orange: "--warn", yellow: "--warn", green: "--good" };
  const every = 5000;
  const apart = 40; // pixels: two flags of two numbers each beside each other
  const plots = new Map();
  let asking = false;

  const css = (name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const make = (tag, attributes = {}, text = "") => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.textContent = text;
    return node;
  };
  const short = (value, unit) => value == null ? "–" : `${Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)}${unit ? " " + unit : ""}`;
  const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 19);
  const label = (labels) => labels.schedule || labels.strategy || labels.__name__ || "value";

  // One axis of times for all lines of a panel; a gap stays a gap.
  function joined(panel) {
    return panel.series.length ? uPlot.join(panel.series.map(([, times, values]) => [times, values]), panel.series.map(() => [2])) : [[]];
  }
  function overlay(panel, page) {
    return (plot) => {
      const { ctx, bbox } = plot, ratio = uPlot.pxRatio;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      ctx.lineWidth = ratio;
      for (const [colour, value] of panel.thresholds) {
        const y = plot.valToPos(value, "y", true);
        ctx.strokeStyle = css(lines[colour] || "--line-strong");
        ctx.setLineDash([6 * ratio, 4 * ratio]);
        ctx.beginPath(); ctx.moveTo(bbox.left, y); ctx.lineTo(bbox.left + bbox.width, y); ctx.stroke();
      }
      ctx.setLineDash([2 * ratio, 3 * ratio]);
      ctx.strokeStyle = css("--line-strong");
      for (const [at] of page.marks) {
        const x = plot.valToPos(at, "x", true);
        ctx.beginPath(); ctx.moveTo(x, bbox.top); ctx.lineTo(x, bbox.top + bbox.height); ctx.stroke();
      }
      ctx.restore();
    };
  }
  // The marks' numbers stand above the plot; those that would touch share one flag, like 2–4. The list says what they are.
  function flags(places) {
    const groups = [];
    places.forEach((x, index) => {
      const before = groups.at(-1);
      if (before && x - before.right < apart) { before.last = index + 1; before.right = x; } else groups.push({ first: index + 1, last: index + 1, left: x, right: x });
    });
    return groups.map((one) => [one.first === one.last ? `${one.first}` : `${one.first}–${one.last}`, (one.left + one.right) / 2]);
  }
  function flag(plot, page) {
    for (const [text, x] of flags(page.marks.map(([at]) => plot.valToPos(at, "x")))) {
      const node = make("span", { class: "chart-flag" }, text);
      node.style.left = `${x}px`;
      plot.over.append(node);
    }
  }
  function legend(page) {
    const found = make("ol", { class: "chart-marks" });
    page.marks.forEach(([at, text], index) => {
      const one = make("li");
      one.append(make("b", { "aria-hidden": "true" }, `${index + 1}`), ` ${text} ${clock(at)} UTC`);
      found.append(one);
    });
    return found;
  }
  function options(panel, page, width) {
    const axis = { stroke: css("--quiet"), grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line"), width: 1 }, font: "12px Inter, sans-serif" };
    const limits = panel.thresholds.map(([, value]) => value);
    return {
      width, height: 206, padding: [20, null, null, null], legend: { show: false }, cursor: { drag: { x: false, y: false } }, tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
      scales: {
        x: { time: true, range: () => page.window },
        y: { range: (plot, low, high) => uPlot.rangeNum(Math.min(low ?? 0, ...limits), Math.max(high ?? 1, ...limits), .12, true) },
      },
      axes: [{ ...axis, space: 70, values: (plot, splits) => splits.map((at) => clock(at).slice(0, 5)) }, { ...axis, size: 52 }],
      series: [{}, ...panel.series.map(([labels], index) => ({ label: label(labels), stroke: css(colours[index % colours.length]), width: 1.75, dash: index >= colours.length ? [6, 4] : undefined, points: { show: false } }))],
      hooks: { draw: [overlay(panel, page)], ready: [(plot) => flag(plot, page)] },
    };
  }
  function table(panel, page) {
    const found = make("table", { class: "unseen" });
    found.append(make("caption", {}, `${panel.title}, ${clock(page.window[0])}–${clock(page.window[1])} UTC`));
    for (const [labels, times, values] of panel.series) {
      const row = make("tr");
      row.append(make("th", { scope: "row" }, label(labels)), make("td", {}, `${short(values.at(-1), panel.unit)} (${clock(times.at(-1) || 0)} UTC)`));
      found.append(row);
    }
    return found;
  }
  function key(panel) {
    const found = make("p", { class: "chart-key", "aria-hidden": "true" });
    panel.series.forEach(([labels, , values], index) => {
      const one = make("span"), dot = make("i");
      dot.style.background = css(colours[index % colours.length]);
      one.append(dot, ` ${label(labels)} `, make("b", {}, short(values.at(-1), panel.unit)));
      found.append(one);
    });
    return found;
  }
  function draw(box, page) {
    const before = plots.get(box) || [];
    const shape = JSON.stringify([page.panels.map((one) => [one.title, one.error, one.series.map(([labels]) => labels)]), css("--ink")]);
    if (box.dataset.shape !== shape) {
      before.forEach((one) => one && one.destroy());
      box.replaceChildren(...page.panels.map((panel) => {
        const figure = make("figure", { class: "chart" });
        figure.append(make("figcaption", {}, panel.title + (panel.unit ? ` [${panel.unit}]` : "")));
        if (panel.error && panel.series.some(([, , values]) => values.length)) figure.append(make("p", { class: "warning small-text" }, panel.error));
        figure.append(make("div", { class: "plot", "aria-hidden": "true" }), make("p", { class: "chart-key" }), make("table", { class: "unseen" }));
        return figure;
      }), legend(page));
      box.dataset.shape = shape;
      plots.set(box, []);
    }
    box.lastElementChild.replaceWith(legend(page));
    const kept = plots.get(box);
    page.panels.forEach((panel, index) => {
      const figure = box.children[index], place = figure.querySelector(".plot");
      const numbers = joined(panel), any = panel.series.some(([, , values]) => values.length);
      if (!any) {
        place.replaceChildren(make("p", { class: "quiet" }, panel.error || box.dataset.empty));
        place.removeAttribute("aria-hidden");
        return;
      }
      kept[index]?.destroy();
      kept[index] = new uPlot(options(panel, page, place.clientWidth), numbers, place);
      figure.querySelector(".chart-key").replaceWith(key(panel));
      figure.querySelector("table").replaceWith(table(panel, page));
    });
  }
  function say(box, text) {
    let line = box.previousElementSibling;
    if (!line?.classList.contains("chart-error")) {
      if (!text) return;
      line = make("p", { class: "warning chart-error", role: "status", "data-keep": "" });
      box.before(line);
    }
    if (!text) line.remove();
    else if (line.textContent !== text) line.textContent = text;
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
    } catch { say(box, box.dataset.down || "–"); } finally { asking = false; }
  }
  document.body.addEventListener("ledger", ask);
  document.addEventListener("visibilitychange", ask);
  document.addEventListener("toggle", (event) => { if (event.target.querySelector?.("#charts")) ask(); }, true);
  addEventListener("resize", () => { clearTimeout(ask.later); ask.later = setTimeout(ask, 200); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", ask);
  setInterval(ask, every);
  ask();
})();

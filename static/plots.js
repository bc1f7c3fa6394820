// How one chart of a rollback looks: its colours, limits, marks and lines. What the page shows of them is charts.js's.
"use strict";
const stage4Plots = (() => {
  const tokens = ["--line-1", "--line-2", "--line-3", "--line-4", "--line-5", "--line-6"];
  const dashes = [[], [9, 4], [2, 3], [9, 3, 2, 3], [5, 3], [14, 4]];
  const shades = { red: "--bad", orange: "--warn", yellow: "--warn", green: "--good" };
  const apart = 40; // pixels: two flags of two numbers each beside each other
  const margin = 54; // pixels: the large chart's axis; the slider below it begins where the times begin
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600]; // seconds between two times of an axis
  const language = document.documentElement.lang || "en";
  let paint = {};

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

  function colours() {
    const probe = document.body.appendChild(document.createElement("span"));
    const of = (name, or = name) => { probe.style.color = `var(${name}, var(${or}))`; return getComputedStyle(probe).color; };
    paint = { ink: of("--ink"), quiet: of("--quiet"), line: of("--line"), strong: of("--line-strong"), bad: of("--bad"), warn: of("--warn"), good: of("--good"), stop: of("--stopped", "--warn"), watch: of("--info"), lines: tokens.map((one) => of(one)) };
    probe.remove();
    return JSON.stringify(paint);
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
  const ground = (page, panel) => (plot) => inside(plot, (ctx, box, ratio) => {
    for (const limit of panel.limits.filter((one) => one.critical)) {
      const edge = Math.min(Math.max(plot.valToPos(limit.value, "y", true), box.top), box.top + box.height);
      const top = limit.above ? box.top : edge, height = limit.above ? edge - box.top : box.top + box.height - edge;
      ctx.save(); ctx.beginPath(); ctx.rect(box.left, top, box.width, height); ctx.clip();
      ctx.globalAlpha = .09; ctx.fillStyle = paint.bad; ctx.fillRect(box.left, top, box.width, height);
      ctx.globalAlpha = .22;
      for (let x = box.left - box.height; x < box.left + box.width; x += 10 * ratio) stroke(plot, paint.bad, .7, [], [x, top + height], [x + height, top]);
      ctx.restore();
    }
    const watch = page.watch;
    if (watch) {
      const [from, to] = watch.map((at) => upright(plot, at));
      ctx.globalAlpha = .8; ctx.fillStyle = paint.watch; ctx.fillRect(from, box.top, to - from, 4 * ratio);
    }
  });
  const overlay = (page, panel, big) => (plot) => inside(plot, (ctx, box, ratio) => {
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
    for (const [at, text, kind] of page.marks) {
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
  function flag(plot, page) {
    plot.over.querySelectorAll(".chart-flag").forEach((one) => one.remove());
    const places = page.marks.map(([at], index) => [index + 1, plot.valToPos(at, "x")]).filter(([, x]) => x >= 0 && x <= plot.over.clientWidth);
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
  // ``state`` has the page that is shown and what it zooms to; ``on`` what a press or a move means there.
  function options(state, panel, big, place, on) {
    const of = (plot) => state.page.panels[state.plots.indexOf(plot)] || panel, view = () => state.view || state.page.window;
    const axis = { stroke: paint.quiet, grid: { stroke: paint.line, width: 1 }, ticks: { stroke: paint.line, width: 1 }, font: "12px Inter, sans-serif" };
    const levels = [0, ...panel.limits.map((one) => one.value), ...panel.thresholds.map(([, value]) => value)];
    return {
      width: place.clientWidth, height: place.clientHeight, padding: [20, big ? 24 : 18, null, null], legend: { show: false },
      cursor: { y: false, sync: { key: "stage4", setSeries: false }, drag: { x: true, y: false, setScale: false }, bind: { dblclick: () => () => { on.reset(); return null; } } },
      scales: { x: { time: true, auto: false, range: (plot, low, high) => [low ?? view()[0], high ?? view()[1]] }, y: { range: (plot, low, high) => uPlot.rangeNum(Math.min(low ?? 0, ...levels), Math.max(high ?? 1, ...levels), .12, true) } },
      axes: [
        { ...axis, size: 30, incrs: steps, space: big ? 90 : 60, values: (plot, at) => at.map((one) => clock(one).slice(0, at.some((other) => other % 60) || (big && view()[1] - view()[0] <= 600) ? 8 : 5)) },
        { ...axis, size: big ? margin : 42, space: big ? 36 : 30, values: (plot, at) => at.map(figures) },
      ],
      series: [{}, ...panel.series.map((one, index) => ({ label: one.name, stroke: paint.lines[index % tokens.length], width: big ? 2 : 1.75, dash: dashes[index % dashes.length], spanGaps: false, points: { show: false, size: 5, filter: alone } }))],
      hooks: {
        drawClear: [(plot) => ground(state.page, of(plot))(plot)], draw: [(plot) => overlay(state.page, of(plot), big)(plot)],
        ready: [(plot) => flag(plot, state.page)], setScale: [(plot, key) => { if (key === "x") flag(plot, state.page); }],
        setSelect: [on.selected], setCursor: [on.moved],
      },
    };
  }
  const symbol = (index) => {
    const space = "http://www.w3.org/2000/svg", swatch = document.createElementNS(space, "svg"), line = document.createElementNS(space, "line");
    for (const [name, value] of Object.entries({ class: `line-${index % tokens.length + 1}`, width: 28, height: 8, "aria-hidden": "true" })) swatch.setAttribute(name, value);
    for (const [name, value] of Object.entries({ x1: 0, x2: 28, y1: 4, y2: 4, stroke: "currentColor", "stroke-width": 2.5, "stroke-dasharray": dashes[index % dashes.length].join(" ") || "none" })) line.setAttribute(name, value);
    swatch.append(line);
    return swatch;
  };
  return { make, put, clock, short, known, any, colours, options, symbol, flag };
})();

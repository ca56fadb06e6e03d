// Small charts of a page: plain JSON from the API, drawn by plotly.js. Gaps stay gaps; the axis starts at 0 or says that
// it does not.

import { CONFIG, DASHES, colour, counted, fetched, lineOf, plain, quantity, template, watermark, wordOf, zone } from "./plot.js";

const FEW = 12; // lines that one chart can carry

// plotly knows no zones: it is given local wall-clock times
const parts = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
const local = (ms) => parts.format(ms);

/** Points of one series as plotly takes them, with a break wherever a window is missing, and the gaps themselves. */
function broken(points, step) {
  const x = [], y = [], gaps = [];
  let before = null;
  for (const [time, value] of points) {
    const at = Date.parse(time);
    if (value === null) continue;
    if (before !== null && step && at - before > step * 3.5) {
      x.push(local(before + 1)); y.push(null);
      gaps.push([before, at]);
    }
    x.push(local(at)); y.push(value);
    before = at;
  }
  return { x, y, gaps };
}

function title(tags, names) {
  const code = tags.device ?? tags.facility ?? "";
  return names[code] ?? code;
}

function traces(items, figure) {
  const names = JSON.parse(figure.dataset.names), states = JSON.parse(figure.dataset.states);
  const decimals = Number(figure.dataset.decimals), step = Number(figure.dataset.stepMs);
  const shades = [colour("--ink"), colour("--ink-2"), colour("--edge")];
  return items.map((item, place) => {
    const { x, y, gaps } = broken(item.points, step);
    const show = (value) => (states.length ? states[Math.round(value)] ?? value : quantity(value, decimals, figure.dataset.unit));
    const simulated = item.quality === "sim" || item.quality === "test";
    return {
      gaps, name: plain(title(item.tags, names)), type: "scatter", mode: y.length < 2 ? "markers" : "lines", x, y, connectgaps: false,
      line: { color: shades[place % 3], width: place ? 1.3 : 2, dash: simulated && items.length === 1 ? "4px,3px" : DASHES[Math.floor(place / 3) % 5], shape: states.length ? "hv" : "linear" },
      text: y.map((value) => (value === null ? "" : plain(show(value)))), hovertemplate: "%{text}<br>%{x|%H:%M %d/%m/%Y}<extra>%{fullData.name}</extra>",
    };
  });
}

function notes(lines, limits, figure, simulated) {
  const length = Number(figure.dataset.stopMs) - Number(figure.dataset.startMs);
  const gaps = lines.length === 1 ? lines[0].gaps.filter(([from, to]) => to - from > length / 25).map(([from, to]) => ({
    x: local((from + to) / 2), yref: "paper", y: 1, yanchor: "top", text: figure.dataset.sayGap, showarrow: false, font: { size: 13, color: colour("--ink") },
  })) : [];
  return [...limits.map(wordOf), ...gaps, ...(simulated ? [watermark(figure.dataset.saySim, figure.clientWidth)] : [])];
}

/** Where the axis begins: at 0, unless what is shown lies far from it; then the page says so. */
function span(lines, limits, figure) {
  const states = JSON.parse(figure.dataset.states);
  if (states.length) return { range: [-0.2, states.length - 0.8], zero: true, ticks: states };
  const values = lines.flatMap((line) => line.y.filter((value) => value !== null));
  for (const limit of limits) values.push(limit.value);
  const low = Math.min(...values), high = Math.max(...values);
  const pad = (high - low || Math.abs(high) || 1) * 0.08;
  if (low >= 0 && low <= (high - low) * 1.5) return { range: [0, high + pad], zero: true };
  if (high <= 0 && -high <= (high - low) * 1.5) return { range: [low - pad, 0], zero: true };
  return { range: [low - pad, high + pad], zero: low <= 0 && high >= 0 };
}

function draw(figure, items) {
  const kept = items.filter((item) => item.points.some(([, value]) => value !== null));
  const say = (name, text) => { const p = figure.querySelector(name); p.hidden = !text; p.textContent = text; };
  const some = kept.slice(0, FEW);
  say(".none", some.length ? "" : figure.dataset.sayEmpty);
  if (!some.length) return;
  const lines = traces(some, figure), limits = JSON.parse(figure.dataset.limits);
  const y = span(lines, limits, figure);
  say(".remark", [kept.length > FEW ? figure.dataset.sayMany.replace("{n}", FEW).replace("{m}", kept.length) : "", y.zero ? "" : figure.dataset.sayAxis].join(" ").trim());
  const narrow = figure.clientWidth < 500;
  const below = lines.length > 1 ? 24 + 20 * Math.ceil(lines.length / Math.max(1, Math.floor((figure.clientWidth - 150) / 190))) : 0;
  const simulated = some.some((item) => item.quality === "sim");
  const hatched = lines.length === 1 ? lines[0].gaps.map(([from, to]) => ({
    type: "rect", xref: "x", yref: "paper", x0: local(from), x1: local(to), y0: 0, y1: 1, line: { width: 0 }, fillcolor: colour("--raised"), layer: "below",
  })) : [];
  const layout = {
    template: template(), shapes: [...hatched, ...limits.map(lineOf)], annotations: notes(lines, limits, figure, simulated),
    showlegend: lines.length > 1, legend: { orientation: "h", yref: "container", y: 0, yanchor: "bottom", font: { size: 13 } },
    margin: { l: 52, r: narrow ? 64 : 96, t: 14, b: 48 + below },
    xaxis: { type: "date", range: [local(Number(figure.dataset.startMs)), local(Number(figure.dataset.stopMs))], tickformat: "%H:%M\n%d/%m", hoverformat: "%H:%M %d/%m" },
    yaxis: { range: y.range, ...(y.ticks ? { tickvals: y.ticks.map((_, n) => n), ticktext: y.ticks.map(plain) } : {}) },
    width: figure.clientWidth, height: 230 + below,
  };
  window.Plotly.react(figure.querySelector(".plot"), lines, layout, CONFIG);
}

async function load(figure) {
  const failed = figure.querySelector(".failed");
  failed.hidden = true;
  const done = counted(figure.querySelector(".waiting"));
  try {
    draw(figure, (await fetched(figure.dataset.chart)).items);
  } catch (error) {
    failed.hidden = false;
    failed.querySelector("[data-failure]").textContent = `${figure.dataset.sayFailed} ${error.message}`;
  } finally {
    done();
  }
}

for (const figure of document.querySelectorAll("[data-chart]")) {
  figure.querySelector(".failed button").addEventListener("click", () => load(figure));
  load(figure);
}

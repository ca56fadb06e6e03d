// History: plain JSON from the API, drawn by plotly.js with a template made from the page's own tokens. Gaps stay gaps;
// the axis starts at 0 or says that it does not.

const FEW = 12; // lines that one chart can carry
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash"];
const language = document.querySelector("[data-language]").dataset.language;
const zone = document.querySelector("[data-zone]").dataset.zone;
const locale = { vi: "vi-VN", en: "en-GB", fr: "fr-FR" }[language];
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
// plotly reads no oklch: the browser's canvas turns every colour that it knows into one that plotly knows
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
function colour(name) {
  canvas.fillStyle = token(name);
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b] = canvas.getImageData(0, 0, 1, 1).data;
  return `rgb(${r},${g},${b})`;
}

// plotly knows no zones: it is given local wall-clock times
const parts = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
const local = (ms) => parts.format(ms);

// as the server writes it: no device means a number of more than twelve digits, so it is written short
const number = (value, decimals) => value.toLocaleString(locale, Math.abs(value) >= 1e12
  ? { notation: "scientific", minimumFractionDigits: 1, maximumFractionDigits: 1 }
  : { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).replace("-", "−");

function template() {
  const ink = colour("--ink"), ink2 = colour("--ink-2"), hair = colour("--hair"), ground = colour("--ground");
  const axis = { gridcolor: hair, linecolor: hair, zerolinecolor: ink2, tickfont: { size: 14, color: ink2 }, automargin: true,
    exponentformat: "e" }; // 10³ by a style of its own is what the policy forbids
  return {
    layout: {
      font: { family: "Plex, sans-serif", size: 14, color: ink2 }, paper_bgcolor: ground, plot_bgcolor: ground,
      colorway: [ink], xaxis: { ...axis, showgrid: false, ticks: "outside" }, yaxis: axis,
      hoverlabel: { bgcolor: ground, bordercolor: ink, font: { family: "Plex, sans-serif", size: 14, color: ink } },
      hovermode: "closest", showlegend: false, dragmode: false,
      separators: { vi: ",.", en: ".,", fr: ", " }[language],
    },
  };
}

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
  return { x, y, gaps, last: before };
}

function title(tags, names) {
  const code = tags.device ?? tags.facility ?? "";
  return names[code] ?? code;
}

// what a person wrote into the registry is text, never markup
const plain = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function traces(items, figure) {
  const names = JSON.parse(figure.dataset.names), states = JSON.parse(figure.dataset.states);
  const decimals = Number(figure.dataset.decimals), step = Number(figure.dataset.stepMs);
  const shades = [colour("--ink"), colour("--ink-2"), colour("--edge")];
  return items.map((item, place) => {
    const { x, y, gaps, last } = broken(item.points, step);
    const show = (value) => (states.length ? states[Math.round(value)] ?? value : `${number(value, decimals)} ${figure.dataset.unit}`);
    const simulated = item.quality === "sim" || item.quality === "test";
    return {
      gaps, last, name: plain(title(item.tags, names)), type: "scatter", mode: y.length < 2 ? "markers" : "lines", x, y, connectgaps: false,
      line: { color: shades[place % 3], width: place ? 1.3 : 2, dash: simulated && items.length === 1 ? "4px,3px" : DASHES[Math.floor(place / 3) % 5], shape: states.length ? "hv" : "linear" },
      text: y.map((value) => (value === null ? "" : plain(show(value)))), hovertemplate: "%{text}<br>%{x|%H:%M %d/%m/%Y}<extra>%{fullData.name}</extra>",
    };
  });
}

// limits of a rule are drawn in the colour of their level, the metric's own without hue
const LINES = {
  critical: { name: "--crit", width: 2, dash: "solid", layer: "above" },
  warning: { name: "--warn", width: 2.5, dash: "8px,4px", layer: "above" },
};

/** The limits that are drawn: the metric's own and the one that was crossed always, a rule's others where they lie near. */
function limitsOf(lines, figure) {
  const all = JSON.parse(figure.dataset.limits);
  const sure = all.filter((limit) => !limit.aside).map((limit) => limit.value);
  const values = [...lines.flatMap((line) => line.y.filter((value) => value !== null)), ...sure];
  const low = Math.min(...values), high = Math.max(...values), room = (high - low) / 2;
  return all.filter((limit) => !limit.aside || (limit.value >= low - room && limit.value <= high + room));
}

function shapes(lines, limits, figure) {
  const [only] = lines;
  const hatched = lines.length === 1 ? only.gaps.map(([from, to]) => ({
    type: "rect", xref: "x", yref: "paper", x0: local(from), x1: local(to), y0: 0, y1: 1, line: { width: 0 }, fillcolor: colour("--raised"), layer: "below",
  })) : [];
  const drawn = limits.map((limit) => {
    const { name, width, dash, layer } = LINES[limit.level] ?? { name: "--ink", width: 1.2, dash: "2px,4px", layer: "between" };
    return { type: "line", xref: "paper", x0: 0, x1: 1, y0: limit.value, y1: limit.value, line: { color: colour(name), width, dash }, layer };
  });
  return [...hatched, ...drawn, ...lasting(figure)];
}

/** When an incident was: a bar along the top in the colour of its level, and where it begins and ends. */
function lasting(figure) {
  const span = JSON.parse(figure.dataset.span);
  if (!span) return [];
  const from = Math.max(span.start, Number(figure.dataset.startMs)), to = Math.min(span.stop ?? Infinity, Number(figure.dataset.stopMs));
  if (from >= to) return [];
  const fillcolor = colour(LINES[span.level]?.name ?? "--ink");
  const ends = [span.start, span.stop].filter((at) => at !== null && at >= from && at <= to);
  return [
    { type: "rect", xref: "x", yref: "paper", x0: local(from), x1: local(to), y0: 0.985, y1: 1, line: { width: 0 }, fillcolor },
    ...ends.map((at) => ({ type: "line", xref: "x", yref: "paper", x0: local(at), x1: local(at), y0: 0, y1: 1, line: { color: colour("--ink-2"), width: 1, dash: "1px,3px" } })),
  ];
}

function notes(lines, limits, figure, simulated) {
  const words = limits.map((limit) => ({
    xref: "paper", x: 1, xanchor: "left", y: limit.value, yanchor: "middle", text: ` ${limit.text}`, showarrow: false, font: { size: 13 },
  }));
  const gaps = lines.length === 1 ? lines[0].gaps.filter(([from, to]) => to - from > (Number(figure.dataset.stopMs) - Number(figure.dataset.startMs)) / 25).map(([from, to]) => ({
    x: local((from + to) / 2), yref: "paper", y: 1, yanchor: "top", text: figure.dataset.sayGap, showarrow: false, font: { size: 13, color: colour("--ink") },
  })) : [];
  const mark = simulated ? [{
    xref: "paper", yref: "paper", x: 0.5, y: 0.5, text: figure.dataset.saySim, showarrow: false, opacity: 0.12, textangle: -14, font: { size: figure.clientWidth / 9, color: colour("--ink") },
  }] : [];
  return [...words, ...gaps, ...mark];
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
  say(".remark", kept.length > FEW ? figure.dataset.sayMany.replace("{n}", FEW).replace("{m}", kept.length) : "");
  if (!some.length) return;
  const lines = traces(some, figure);
  const limits = limitsOf(lines, figure);
  const y = span(lines, limits, figure);
  const narrow = figure.clientWidth < 500;
  const below = lines.length > 1 ? 24 + 20 * Math.ceil(lines.length / Math.max(1, Math.floor((figure.clientWidth - 150) / 190))) : 0;
  const simulated = some.some((item) => item.quality === "sim");
  const layout = {
    template: template(), shapes: shapes(lines, limits, figure), annotations: notes(lines, limits, figure, simulated),
    showlegend: lines.length > 1, legend: { orientation: "h", yref: "container", y: 0, yanchor: "bottom", font: { size: 13 } },
    margin: { l: 52, r: narrow ? 64 : 96, t: 14, b: 48 + below },
    xaxis: { type: "date", range: [local(Number(figure.dataset.startMs)), local(Number(figure.dataset.stopMs))], tickformat: "%H:%M\n%d/%m", hoverformat: "%H:%M %d/%m" },
    yaxis: { range: y.range, ...(y.ticks ? { tickvals: y.ticks.map((_, n) => n), ticktext: y.ticks.map(plain) } : {}) },
    width: figure.clientWidth, height: (figure.closest(".charts") ? 230 : narrow ? 300 : 420) + below,
  };
  const notice = document.querySelector("[data-sim-notice]");
  if (simulated && notice) notice.hidden = false;
  axisNote(figure, y.zero);
  window.Plotly.react(figure.querySelector(".plot"), lines, layout, { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false, showTips: false });
  summary(figure, lines, some);
}

function axisNote(figure, zero) {
  const note = document.querySelector(".axis-note") ?? figure.querySelector(".remark");
  if (zero || !note) return;
  note.hidden = false;
  note.textContent = note.classList.contains("remark") && note.textContent ? `${note.textContent} ${figure.dataset.sayAxis}` : figure.dataset.sayAxis;
}

function summary(figure, lines, items) {
  const list = document.querySelector("[data-summary]");
  if (!list) return;
  const decimals = Math.min(3, Number(figure.dataset.decimals) + 1), states = JSON.parse(figure.dataset.states);
  const write = (value) => (states.length ? states[Math.round(value)] ?? value : `${number(value, decimals)} ${figure.dataset.unit}`);
  const all = lines.flatMap((line) => line.y.flatMap((value, n) => (value === null ? [] : [[value, line.x[n], line.name]])));
  const most = all.reduce((a, b) => (b[0] > a[0] ? b : a)), least = all.reduce((a, b) => (b[0] < a[0] ? b : a));
  const when = (point) => `${write(point[0])}, ${point[1].slice(11, 16)} ${point[1].slice(8, 10)}/${point[1].slice(5, 7)}`;
  const rows = [];
  if (lines.length === 1 && !states.length) rows.push([list.dataset.sayMean, write(all.reduce((sum, [value]) => sum + value, 0) / all.length)]);
  rows.push([list.dataset.sayMax, when(most)], [list.dataset.sayMin, when(least)]);
  if (lines.length === 1) rows.push([list.dataset.sayLast, when(all.at(-1))]);
  const windows = items.reduce((sum, item) => sum + item.points.length, 0);
  rows.push([list.dataset.sayWith, `${number(all.length, 0)}/${number(windows, 0)}`]);
  list.replaceChildren(...rows.flatMap(([name, text]) => {
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = name; dd.textContent = text;
    return [dt, dd];
  }));
}

async function load(figure) {
  const waiting = figure.querySelector(".waiting"), failed = figure.querySelector(".failed");
  waiting.hidden = false; failed.hidden = true;
  const started = performance.now();
  const counting = setInterval(() => { waiting.querySelector("[data-seconds]").textContent = `${Math.round((performance.now() - started) / 1000)} s`; }, 1000);
  try {
    const answer = await fetch(figure.dataset.chart, { headers: { Accept: "application/json" } });
    const body = await answer.json();
    if (!answer.ok) throw new Error(`${body.error?.message ?? answer.status} ${body.error?.hint ?? ""}`.trim());
    draw(figure, body.items);
  } catch (error) {
    failed.hidden = false;
    failed.querySelector("[data-failure]").textContent = `${figure.dataset.sayFailed} ${error.message}`;
  } finally {
    clearInterval(counting);
    waiting.hidden = true;
  }
}

for (const figure of document.querySelectorAll("[data-chart]")) {
  figure.querySelector(".failed button").addEventListener("click", () => load(figure));
  load(figure);
}
document.querySelector("[data-print]")?.addEventListener("click", () => print());

// The page of a history: numbers and HTML come from the server with the same question as the page; plotly.js draws the chart.
// Gaps stay gaps; the axis starts at 0 or the page says that it does not. No <b> in plotly's texts: it makes a style of it, which
// the policy forbids.

import { CONFIG, DASHES, LINES, colour, counted, fetched, lineOf, plain, quantity, template, watermark, wordOf } from "./plot.js";

const found = document.querySelector("[data-study]"), say = found.dataset;
const plot = found.querySelector(".plot"), waiting = found.querySelector(".waiting"), failed = found.querySelector(".failed");
const doing = waiting.querySelector("[data-doing]"), fetching = doing.textContent;
const QUIET = { hoverinfo: "skip", showlegend: false };
const HATCH = 11; // pixels from line to line
let figure = null;

const write = (value) => (figure.states.length ? figure.states[Math.round(value)] ?? value : quantity(value, figure.decimals, figure.unit));
const wall = (ms, options) => new Date(ms).toLocaleString("sv-SE", { timeZone: "UTC", ...options });

/** Whether some value stands between two gaps, where no line shows it. */
const lonely = (y) => y.some((value, n) => value !== null && (y[n - 1] ?? null) === null && (y[n + 1] ?? null) === null);

/** One line as plotly takes it. */
function trace(line, place, many) {
  const shades = [colour("--ink"), colour("--ink-2"), colour("--edge")];
  const looks = {
    own: { color: shades[0], width: 2.2, dash: line.simulated ? "4px,3px" : "solid" },
    before: { color: colour("--edge"), width: 1.3, dash: "solid" },
    beside: { color: shades[place % 3], width: 1.3, dash: DASHES[Math.floor(place / 3) % 5] },
    thin: { color: colour("--hair"), width: 1, dash: "solid" },
  };
  return {
    type: "scatter", mode: lonely(line.y) ? "lines+markers" : "lines", marker: { size: 3.5, color: looks[line.role].color }, name: plain(line.name), x: line.x, y: line.y, connectgaps: false,
    line: { ...looks[line.role], shape: figure.states.length ? "hv" : "linear" }, meta: line.role,
    text: line.y.map((value) => (value === null ? "" : plain(write(value)))),
    hovertemplate: many ? "%{text}<br>%{x|%H:%M %d/%m/%Y}<extra>%{fullData.name}</extra>" : "%{text}<extra>%{fullData.name}</extra>",
  };
}

/** What is beyond a limit, in the colour of its level or, where simulated, its outline. */
function beyond() {
  return ["warning", "critical"].map((level) => {
    const areas = figure.areas.filter((area) => area.level === level);
    const hue = colour(LINES[level].name);
    return {
      ...QUIET, type: "scatter", mode: "lines", fill: "toself", name: level,
      x: areas.flatMap((area) => [...area.x, null]), y: areas.flatMap((area) => [...area.y, null]),
      fillcolor: figure.simulated ? "rgba(0,0,0,0)" : hue, line: { width: figure.simulated ? 1.5 : 0, color: hue },
    };
  }).filter((area) => area.x.length);
}

/** Times without values, hatched by lines of 45°: a pattern of plotly's own needs a style that the policy forbids. */
function hatched(width, height) {
  const scale = (figure.stop - figure.start) / width;
  const at = (x, y) => `${new Date(x * scale + figure.start).toISOString().replace("T", "_").replace("Z", "")},${y / height}`;
  return figure.gaps.map((gap) => {
    const left = (gap.start - figure.start) / scale, right = (gap.stop - figure.start) / scale;
    const lines = [];
    for (let foot = left - height; foot < right; foot += HATCH) {
      const from = Math.max(foot, left), to = Math.min(foot + height, right);
      lines.push(`M${at(from, from - foot)}L${at(to, to - foot)}`);
    }
    return { type: "path", xref: "x", yref: "paper", path: lines.join(""), line: { color: colour("--hair"), width: 2 }, layer: "below" };
  });
}

function last(line) {
  const n = line.y.findLastIndex((value) => value !== null);
  return {
    ...QUIET, type: "scatter", mode: "markers+text", x: [line.x[n]], y: [line.y[n]], text: [plain(write(line.y[n]))],
    textposition: "middle right", cliponaxis: false,
    marker: { color: colour("--ink"), size: 8 }, textfont: { color: colour("--ink"), size: 14, weight: 600 },
  };
}

function traces() {
  const many = figure.lines.length > 4;
  const lines = figure.lines.map((line, place) => trace(line, place, many));
  const before = figure.before ? [trace(figure.before, 0, false)] : [];
  return [...beyond(), ...before, ...lines.slice(1), ...(lines.length ? [lines[0]] : []), ...(figure.lines.length === 1 ? [last(figure.lines[0])] : [])];
}

function shapes(width, height) {
  const weekends = figure.weekends.map(([from, to]) => ({
    type: "rect", xref: "x", yref: "paper", x0: from, x1: to, y0: 0, y1: 1, line: { width: 0 }, fillcolor: colour("--raised"), layer: "below",
  }));
  const bars = figure.happened.flatMap((one) => {
    const hue = colour(LINES[one.level]?.name ?? "--ink");
    const ends = [one.begins && one.start, one.ends && one.stop].filter((at) => at !== false);
    return [
      { type: "rect", xref: "x", yref: "paper", x0: one.start, x1: one.stop, y0: 1.005, y1: 1.025, line: { width: one.hollow ? 1 : 0, color: hue }, fillcolor: one.hollow ? "rgba(0,0,0,0)" : hue },
      ...ends.map((at) => ({ type: "line", xref: "x", yref: "paper", x0: at, x1: at, y0: 0, y1: 1, line: { color: colour("--ink-3"), width: 1, dash: "1px,3px" } })),
    ];
  });
  return [...weekends, ...hatched(width, height), ...figure.limits.map(lineOf), ...bars];
}

function notes(width) {
  const gaps = figure.gaps.filter((gap) => gap.text).map((gap) => ({
    x: gap.start, xanchor: "right", yref: "paper", y: 1, yanchor: "top", align: "right", showarrow: false, font: { size: 13, color: colour("--ink") },
    text: `${plain(gap.text)}<br>${plain(gap.when)}${gap.why ? `<br>${plain(gap.why)}` : ""}`,
  })).map((note) => (note.x - figure.start < (figure.stop - figure.start) / 6 ? { ...note, xanchor: "left", align: "left" } : note));
  const numbers = figure.happened.slice(0, 40).map((one) => ({
    x: one.start, yref: "paper", y: 1.03, yanchor: "bottom", xanchor: "left", showarrow: false, text: String(one.number), font: { size: 12, weight: 700, color: colour("--ink") },
  }));
  return [...figure.limits.map(wordOf), ...gaps, ...numbers, ...(figure.simulated ? [watermark(plain(say.saySim), width)] : [])];
}

function layout(width, height) {
  const narrow = width < 500;
  const every = narrow ? 2 + (figure.ticks.length > 10) : 1;
  const ticks = figure.ticks.filter((_, n) => n % every === 0);
  const margin = { l: narrow ? 44 : 52, r: narrow ? 66 : 104, t: 30, b: 48 };
  return {
    template: template(), shapes: shapes(width - margin.l - margin.r, height - margin.t - margin.b), annotations: notes(width), width, height, showlegend: false, margin, hovermode: figure.lines.length > 4 ? "closest" : "x unified",
    xaxis: { type: "date", range: [figure.start, figure.stop], tickvals: ticks.map(([at]) => at), ticktext: ticks.map(([, text]) => text), hoverformat: "%H:%M %d/%m/%Y" },
    yaxis: { range: [figure.axis.low, figure.axis.high], ...(figure.states.length ? { tickvals: figure.states.map((_, n) => n), ticktext: figure.states.map(plain) } : {}) },
  };
}

const size = () => [plot.parentElement.clientWidth, plot.parentElement.clientWidth < 500 ? 320 : 440];
const draw = (width, height) => window.Plotly.react(plot, traces(), layout(width, height), CONFIG);

/** What the lines are, with the looks that they have. */
function key() {
  const list = found.querySelector("[data-key]");
  const shown = figure.lines.filter((line) => line.role !== "thin");
  const lines = [...shown, ...(figure.before ? [figure.before] : [])].map((line) => ({ name: line.name, look: trace(line, figure.lines.indexOf(line), false).line }));
  list.replaceChildren(...lines.map(({ name, look }) => {
    const item = document.createElement("span"), svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS(svg.namespaceURI, "path");
    for (const [attribute, value] of Object.entries({ viewBox: "0 0 34 14", class: "swatch", "aria-hidden": "true" })) svg.setAttribute(attribute, value);
    const dash = { solid: "", dash: "9 4", dot: "2 3", dashdot: "9 3 2 3", longdash: "14 4" }[look.dash] ?? look.dash.replaceAll("px", "");
    for (const [attribute, value] of Object.entries({ d: "M0 7h34", stroke: look.color, "stroke-width": look.width, "stroke-dasharray": dash })) path.setAttribute(attribute, value);
    svg.append(path);
    item.append(svg, name);
    return item;
  }));
  found.querySelector("[data-key-gap]").hidden = !figure.gaps.length;
  found.querySelector(".axis-note").hidden = figure.axis.zero || !figure.lines.length;
}

function place(html) {
  const box = document.createElement("template");
  box.innerHTML = html;
  for (const piece of box.content.querySelectorAll("[data-into]")) document.querySelector(`[data-${piece.dataset.into}]`).replaceChildren(piece);
}

async function load() {
  failed.hidden = true;
  doing.textContent = fetching;
  const done = counted(waiting);
  try {
    const answer = await fetched(say.study);
    figure = answer.figure;
    place(answer.html);
    found.dataset.lines = figure.lines.length;
    plot.hidden = !figure.lines.length;
    key();
    if (figure.lines.length) await draw(...size());
    const notice = document.querySelector("[data-sim-notice]");
    if (notice) notice.hidden = !figure.simulated;
    found.dataset.ready = "";
  } catch (error) {
    failed.hidden = false;
    failed.querySelector("[data-failure]").textContent = `${say.sayFailed} ${error.message}`;
  } finally {
    done();
  }
}

/** Says what takes long while it does; what fails stands where the chart is. */
async function telling(text, work) {
  doing.textContent = text;
  const done = counted(waiting);
  try {
    await work();
  } catch (error) {
    failed.hidden = false;
    failed.querySelector("[data-failure]").textContent = error.message;
  } finally {
    done();
  }
}

function keep(address, name) {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}

async function picture(format) {
  const width = 1440, height = 720, base = layout(width, height);
  const title = { text: `${plain(say.title)}<br>${plain(say.about)}`, x: 0, xref: "paper", xanchor: "left", y: 0.97, yanchor: "top", font: { size: 18, color: colour("--ink") } };
  const legend = { showlegend: figure.lines.length > 1 || figure.before !== null, legend: { orientation: "h", x: 0, y: -0.12 } };
  const drawn = { data: traces(), layout: { ...base, title, ...legend, margin: { ...base.margin, t: 110, b: 80 } } };
  keep(await window.Plotly.toImage(drawn, { format, width, height, scale: format === "png" ? 2 : 1 }), `${say.file}.${format}`);
}

for (const button of document.querySelectorAll("[data-picture]")) {
  button.addEventListener("click", () => figure?.lines.length && telling(say.sayPicture, () => picture(button.dataset.picture)));
}

// a table of a year takes its time: it is fetched here, so that the page can say so
for (const link of document.querySelectorAll("[data-take]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    telling(link.dataset.take, async () => {
      const answer = await fetch(link.href);
      if (!answer.ok) throw new Error(`${say.sayFailed} ${answer.status}`);
      const address = URL.createObjectURL(await answer.blob());
      keep(address, /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"))?.[1] ?? "");
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
    });
  });
}

// the arrow keys go from value to value, which is read out
let at = -1;
plot.addEventListener("keydown", (event) => {
  const line = figure?.lines[0];
  const last = line ? line.y.length - 1 : -1;
  const to = { ArrowLeft: at < 0 ? last : at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
  if (to === undefined || last < 0) return;
  event.preventDefault();
  at = Math.max(0, Math.min(last, to));
  const value = line.y[at];
  found.querySelector("[data-reading]").textContent = `${wall(line.x[at], { dateStyle: "short", timeStyle: "short" })} ${value === null ? say.sayGap : write(value)}`;
  const curve = plot.data.findIndex((one) => one.meta === "own");
  if (value === null) window.Plotly.Fx.unhover(plot); else window.Plotly.Fx.hover(plot, [{ curveNumber: curve, pointNumber: at }]);
});

failed.querySelector("button").addEventListener("click", load);
document.querySelector("[data-print]").addEventListener("click", () => print());
const PAPER = [980, 420]; // of a landscape A4
addEventListener("beforeprint", () => figure?.lines.length && window.Plotly.relayout(plot, { width: PAPER[0], height: PAPER[1], paper_bgcolor: "#fff", plot_bgcolor: "#fff" }));
addEventListener("afterprint", () => figure?.lines.length && draw(...size()));
let resizing = 0;
addEventListener("resize", () => { cancelAnimationFrame(resizing); resizing = requestAnimationFrame(() => figure?.lines.length && draw(...size())); });
load();

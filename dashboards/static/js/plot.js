// What every chart needs of plotly.js: a template made from the page's own tokens, and numbers as the language writes them.

const page = document.querySelector("[data-language]").dataset;
export const zone = page.zone;
const locale = { vi: "vi-VN", en: "en-GB", fr: "fr-FR" }[page.language];
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
// plotly reads no oklch: the browser's canvas turns every colour that it knows into one that plotly knows
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
export function colour(name) {
  canvas.fillStyle = token(name);
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b] = canvas.getImageData(0, 0, 1, 1).data;
  return `rgb(${r},${g},${b})`;
}

// as the server writes it: no device means a number of more than twelve digits, so it is written short
export const number = (value, decimals) => value.toLocaleString(locale, Math.abs(value) >= 1e12
  ? { notation: "scientific", minimumFractionDigits: 1, maximumFractionDigits: 1 }
  : { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).replace("-", "−");

// what a person wrote into the registry is text, never markup
export const plain = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** A number with its unit: English sets no space before %. */
export const quantity = (value, decimals, unit) => `${number(value, decimals)}${!unit || (unit === "%" && page.language === "en") ? "" : "\u00a0"}${unit}`;

export function template() {
  const ink = colour("--ink"), ink2 = colour("--ink-2"), hair = colour("--hair"), ground = colour("--ground");
  const axis = { gridcolor: hair, linecolor: hair, zerolinecolor: ink2, tickfont: { size: 14, color: ink2 }, automargin: true,
    exponentformat: "e" }; // 10³ by a style of its own is what the policy forbids
  return {
    layout: {
      font: { family: "Plex, Noto Sans, sans-serif", size: 14, color: ink2 }, paper_bgcolor: ground, plot_bgcolor: ground,
      colorway: [ink], xaxis: { ...axis, showgrid: false, ticks: "outside" }, yaxis: axis,
      hoverlabel: { bgcolor: ground, bordercolor: ink, font: { family: "Plex, sans-serif", size: 14, color: ink } },
      hovermode: "closest", showlegend: false, dragmode: false,
      separators: { vi: ",.", en: ".,", fr: ", " }[page.language],
    },
  };
}

export const CONFIG = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false, showTips: false };
export const DASHES = ["solid", "dash", "dot", "dashdot", "longdash"];

// limits of a rule are drawn in the colour of their level, the metric's own without hue
export const LINES = {
  critical: { name: "--crit", width: 2, dash: "solid", layer: "above" },
  warning: { name: "--warn", width: 2.5, dash: "8px,4px", layer: "above" },
};
export const lineOf = (limit) => {
  const { name, width, dash, layer } = LINES[limit.level] ?? { name: "--ink", width: 1.2, dash: "2px,4px", layer: "between" };
  return { type: "line", xref: "paper", x0: 0, x1: 1, y0: limit.value, y1: limit.value, line: { color: colour(name), width, dash }, layer };
};
export const wordOf = (limit) => ({
  xref: "paper", x: 1, xanchor: "left", y: limit.value, yanchor: "middle", text: ` ${plain(limit.text)}`, showarrow: false, font: { size: 13 },
});
export const watermark = (text, width) => ({
  xref: "paper", yref: "paper", x: 0.5, y: 0.5, text, showarrow: false, opacity: 0.12, textangle: -14, font: { size: width / 9, color: colour("--ink") },
});

/** Says how many seconds something takes, in place of a spinner; gives what ends it. */
export function counted(waiting) {
  const started = performance.now(), seconds = waiting.querySelector("[data-seconds]");
  waiting.hidden = false;
  const counting = setInterval(() => { seconds.textContent = `${Math.round((performance.now() - started) / 1000)} s`; }, 1000);
  return () => { clearInterval(counting); seconds.textContent = ""; waiting.hidden = true; };
}

/** JSON of our own server, or an Error with what it says. */
export async function fetched(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  const body = await answer.json();
  if (!answer.ok) throw new Error(`${body.error?.message ?? answer.status} ${body.error?.hint ?? ""}`.trim());
  return body;
}

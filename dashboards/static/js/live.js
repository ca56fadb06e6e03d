// One stream a screen. Parts are replaced by id; when nothing is heard for 12 s the whole screen says so and greys,
// and it comes back by itself, also when the server was away.

import { clock, now, reckon, tick } from "./ages.js";

const SILENCE = 12_000; // ms without any event: heartbeats come each 5 s
const CHECK = 500;
const SHIFT = 5 * 60_000;
const REST = 10_000; // a tab that nobody sees gives its connection back: a browser has six for all tabs of a server
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 15_000;

const main = document.querySelector("[data-live]");
const band = document.querySelector(".lost");
let source = null;
let heard = performance.now();
let heardAt = now(); // server time of the last event
let wait = FIRST_WAIT;
let again = 0;
let hiding = 0;

function connect() {
  clearTimeout(again);
  again = 0;
  source?.close();
  source = new EventSource(main.dataset.live);
  for (const name of ["snapshot", "delta", "heartbeat"]) source.addEventListener(name, take);
  source.addEventListener("reload", () => setTimeout(() => location.reload(), Math.random() * 3000));
  // the browser repeats a broken connection by itself; a refused one (503 while the server starts, 401) it gives up
  source.onerror = () => source.readyState === EventSource.CLOSED && retry();
}

async function retry() {
  if (again) return;
  again = setTimeout(connect, wait * (0.75 + Math.random() / 2));
  wait = Math.min(wait * 2, LONGEST_WAIT);
  try {
    const answer = await fetch("/api/v1/openapi.json", { method: "HEAD", cache: "no-store" });
    if (answer.status === 401 || answer.status === 403) refused();
  } catch {
    // not reachable: the silence says so
  }
}

function take(event) {
  const data = JSON.parse(event.data);
  heard = performance.now();
  reckon(data.now_ms);
  heardAt = data.now_ms;
  wait = FIRST_WAIT;
  if (document.documentElement.dataset.stream === "lost") found();
  for (const [id, html] of Object.entries(data.parts ?? {})) put(id, html);
  tick();
}

function put(id, html) {
  const old = document.getElementById(id);
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  const fresh = template.content.firstElementChild;
  if (!old || !fresh || old.isEqualNode(fresh)) return;
  const rank = { critical: 2, warning: 1 };
  if ((rank[fresh.dataset.level] ?? 0) > (rank[old.dataset.level] ?? 0)) fresh.classList.add("risen");
  const kept = old.contains(document.activeElement) ? place(old, document.activeElement) : null;
  old.replaceWith(fresh);
  if (kept !== null) [...fresh.querySelectorAll("a, button, input, select")][kept]?.focus({ preventScroll: true });
}

const place = (inside, element) => [...inside.querySelectorAll("a, button, input, select")].indexOf(element);

function lost() {
  document.documentElement.dataset.stream = "lost";
  for (const element of document.querySelectorAll("[data-lost-since]")) element.textContent = clock(heardAt);
}

function found() {
  delete document.documentElement.dataset.stream;
}

function refused() {
  lost();
  const say = band?.querySelector("[data-lost-say]");
  if (say) say.textContent = band.dataset.refused;
}

function watch() {
  if (performance.now() - heard > SILENCE && document.documentElement.dataset.stream !== "lost") lost();
  // a connection that is open and dumb (a sleeping laptop, a cut cable) is given up and made anew
  if (performance.now() - heard > 2 * SILENCE && !again && source.readyState !== EventSource.CLOSED) retry();
}

function shift() {
  if (!("burnIn" in main.dataset)) return;
  main.dataset.shift = Math.floor(now() / SHIFT) % 4;
  if ("themeByClock" in main.dataset) {
    const hour = Number(clock(now()).slice(0, 2));
    document.documentElement.dataset.theme = hour >= 6 && hour < 18 ? "light" : "dark";
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "i" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  main.dataset.definitions = main.dataset.definitions === "on" ? "off" : "on";
});

document.addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(() => source.close(), REST);
  else if (source.readyState === EventSource.CLOSED && !again) connect();
});

connect();
setInterval(watch, CHECK);
shift();
setInterval(shift, 30_000);

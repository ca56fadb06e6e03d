// One stream a screen. Parts are replaced by id; when nothing is heard for 12 s the whole screen says so and greys,
// and it comes back by itself, also when the server was away.

import { clock, now, reckon, tick } from "./ages.js";

const SILENCE = 12_000; // ms without any event: heartbeats come each 5 s
const CHECK = 500;
const SHIFT = 5 * 60_000;
const REST = 10_000; // a tab that nobody sees gives its connection back: a browser has six for all tabs of a server
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 15_000;
const FLASH = 2_000;
const RANK = { critical: 2, warning: 1 };

const main = document.querySelector("[data-live]");
const band = document.querySelector(".lost");
const speaker = document.querySelector("[data-risen]"); // what a screen reader reads out
const csrf = main.dataset.csrf ?? "";
const rose = new Map(); // when, by id
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
  if ("alert-counts" in (data.parts ?? {})) entitle();
  tick();
}

function put(id, html) {
  const old = document.getElementById(id);
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  const fresh = template.content.firstElementChild;
  if (!old || !fresh) return;
  for (const field of fresh.querySelectorAll("[name=csrf_token]")) field.setAttribute("value", csrf);
  if (old.isEqualNode(fresh)) return;
  announce(fresh);
  if ("keyed" in fresh.dataset) merge(old, fresh);
  else replace(old, fresh);
}

// a list whose children have ids: only those that differ are touched, so that no button moves away under a finger
function merge(old, fresh) {
  let place = old.firstElementChild;
  for (const child of [...fresh.children]) {
    const twin = [...old.children].find((one) => one.id === child.id);
    if (twin && twin === place) place = place.nextElementSibling;
    else old.insertBefore(twin ?? child, place);
    if (twin && !twin.isEqualNode(child)) replace(twin, child);
  }
  for (let next; place; place = next) {
    next = place.nextElementSibling;
    place.remove();
  }
}

function replace(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const place = focused ? controls(old).indexOf(focused) : -1;
  const from = focused?.selectionStart ?? null;
  carry(old, fresh);
  old.replaceWith(fresh);
  const again = place < 0 ? null : (focused.id && document.getElementById(focused.id)) || controls(fresh)[place];
  again?.focus({ preventScroll: true });
  if (from !== null) again?.setSelectionRange?.(from, from);
}

const controls = (inside) => [...inside.querySelectorAll("a, button, input, select, textarea, summary")];

// what somebody is writing, and what is folded open, outlives the replacement
function carry(old, fresh) {
  for (const kept of old.querySelectorAll("details[id], input[id], select[id], textarea[id]")) {
    const twin = fresh.querySelector(`#${CSS.escape(kept.id)}`);
    if (twin && kept.localName === "details") twin.open = kept.open;
    else if (twin) twin.value = kept.value;
  }
}

// what alarms now and did not, or not as much, inverts its plate for two seconds; a wall's strip may sound as well
function announce(fresh) {
  if (fresh.id === "strip") return announceStrip(fresh);
  for (const element of [fresh, ...fresh.querySelectorAll("[id][data-level]")]) {
    const before = document.getElementById(element.id)?.dataset.level;
    if ((RANK[element.dataset.level] ?? 0) > (RANK[before] ?? 0)) {
      rose.set(element.id, performance.now());
      document.dispatchEvent(new CustomEvent("ioc:risen", { detail: { ...element.dataset, id: element.id } }));
      speak(element);
    }
    flash(element);
  }
}

// a strip shows some of the alerts and names them all: one that only moves up has not risen. Of several that rise at
// once one is heard: a real one, of the highest level
function announceStrip(fresh) {
  const before = new Map(listed(document.getElementById("strip")).map((one) => [one.id, one.level]));
  const risen = listed(fresh).filter((one) => (RANK[one.level] ?? 0) > (RANK[before.get(one.id)] ?? 0));
  risen.sort((a, b) => (a.quality === "sim") - (b.quality === "sim") || RANK[b.level] - RANK[a.level]);
  for (const one of risen) rose.set(one.id, performance.now());
  if (risen.length) document.dispatchEvent(new CustomEvent("ioc:risen", { detail: risen[0] }));
  for (const element of fresh.querySelectorAll("[id][data-level]")) {
    if (risen.some((one) => one.id === element.id)) speak(element);
    flash(element);
  }
}

function listed(strip) {
  return (strip?.dataset.open ?? "").split(" ").filter(Boolean).map((text) => {
    const [id, level, quality] = text.split(":");
    return { id: `strip-${id}`, level, quality };
  });
}

// an alert of the list, of the strip or of its own page: its level and its title
function speak(element) {
  const [level, what] = [".plate, .tag.level", ".what, .q, h1"].map((part) => element.querySelector(part)?.textContent.trim());
  if (speaker && level && what) speaker.textContent = `${level}: ${what}`;
}

// how many nobody has taken stands before the title, where a tab shows it
function entitle() {
  const counts = document.getElementById("alert-counts");
  if (!counts) return;
  const plain = document.title.replace(/^\(\d+\) /, "");
  document.title = counts.dataset.unowned === "0" ? plain : `(${counts.dataset.unowned}) ${plain}`;
}

// goes on where it was when the element is replaced meanwhile
function flash(element) {
  const since = performance.now() - (rose.get(element.id) ?? -FLASH);
  if (since >= FLASH) return;
  element.classList.add("risen");
  element.style.setProperty("--since", `${-since}ms`);
  setTimeout(() => {
    element.classList.remove("risen");
    element.removeAttribute("style");
  }, FLASH - since);
}

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

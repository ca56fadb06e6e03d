// Ages, clocks and states in server time. Every number on a page grows old by itself here, once a second; the server
// says the same, and whichever is first wins: nothing ever looks younger than it is.

const root = document.querySelector("[data-now-ms]");
const patterns = JSON.parse(root.dataset.patterns);
const language = root.dataset.language;
const zone = root.dataset.zone;
const DAY = 24 * 3600 * 1000;
const UPTO = 90;
const NBSP = "\u00a0";

// server time minus the browser's steady clock, which no change of the screen's own clock moves
let offset = Number(root.dataset.nowMs) - performance.now();

const time = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const date = language === "en"
  ? new Intl.DateTimeFormat("en-GB", { timeZone: zone, day: "numeric", month: "short", year: "numeric" })
  : new Intl.DateTimeFormat("fr-FR", { timeZone: zone, day: "2-digit", month: "2-digit", year: "numeric" });
const weekday = new Intl.DateTimeFormat(language, { timeZone: zone, weekday: "long" });

/** Milliseconds since the epoch, by the server's clock. */
export const now = () => performance.now() + offset;

/** Take over the server's time from an event; a slow network can only make numbers look older, by the delay. */
export function reckon(serverMs) {
  const seen = serverMs - performance.now();
  // keep the latest offset seen, let it sink slowly where the server's clock was set back
  offset = seen > offset || offset - seen > 2000 ? seen : offset;
}

export const clock = (ms) => time.format(ms);

function fill(set, ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.ceil(seconds / 60);
  if (seconds <= UPTO) return set.s.replace("{n}", seconds);
  if (minutes <= UPTO) return set.m.replace("{n}", minutes);
  return set.h.replace("{h}", Math.floor(minutes / 60)).replace("{m}", String(minutes % 60).padStart(2, "0"));
}

function age(kind, asOf) {
  const ms = now() - asOf;
  if (kind === "brief") return brief(ms);
  if (kind === "ago") {
    return ms >= DAY ? patterns.ago.d.replace("{date}", `${time.format(asOf)} ${date.format(asOf)}`) : fill(patterns.ago, ms);
  }
  return ms >= DAY ? date.format(asOf) : fill(patterns.short, ms).replaceAll(" ", NBSP);
}

function brief(ms) {
  const minutes = Math.max(1, Math.ceil(ms / 60_000));
  const hours = Math.floor(ms / 3_600_000);
  const [pattern, n] = minutes <= UPTO ? ["m", minutes] : hours < 48 ? ["h", hours] : ["d", Math.floor(ms / DAY)];
  return patterns.brief[pattern].replace("{n}", n).replaceAll(" ", NBSP);
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function turn(element, state) {
  element.dataset.state = state;
  for (const use of element.querySelectorAll("[data-mark]")) {
    if (use.closest("[data-state]") === element) use.setAttribute("href", `#m-${state}`);
  }
}

/** Write every age and clock of the page anew, and turn what has become late or stale. */
export function tick() {
  const ms = now();
  for (const element of document.querySelectorAll("[data-age]")) {
    write(element, age(element.dataset.age, Number(element.dataset.asOfMs)));
  }
  for (const element of document.querySelectorAll("[data-stale-ms]")) {
    const { state, lateMs, staleMs } = element.dataset;
    if (state !== "stale" && state !== "missing" && ms >= Number(staleMs)) turn(element, "stale");
    else if (state === "fresh" && lateMs && ms >= Number(lateMs)) turn(element, "late");
  }
  for (const element of document.querySelectorAll("[data-follows]")) { // as old as the one that it is named after
    const state = document.getElementById(element.dataset.follows)?.dataset.state;
    if (state && element.dataset.state !== state) turn(element, state);
  }
  for (const element of document.querySelectorAll("[data-clock]")) {
    const day = weekday.format(ms);
    const text = element.dataset.clock === "time" ? time.format(ms) : `${language === "vi" ? titled(day) : day} ${date.format(ms)}`;
    write(element, text);
  }
}

// Intl writes "Thứ Bảy" or "thứ bảy" as its data has it; on the wall it is a name
function titled(day) {
  const [first, ...rest] = day.split(" ");
  if (first.toLowerCase() === "chủ") return "Chủ nhật";
  return [first, ...rest].map((word) => word[0].toUpperCase() + word.slice(1)).join(" ");
}

function everySecond() {
  tick();
  setTimeout(everySecond, 1000 - (now() % 1000) + 5);
}
everySecond();
document.addEventListener("visibilitychange", () => document.hidden || tick());

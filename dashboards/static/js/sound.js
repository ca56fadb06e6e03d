// Two short tones when an alert rises on a wall's strip. Off until somebody switches it on at this screen; then
// remembered. A browser lets no page sound before it was touched: the button says so.

const button = document.querySelector("[data-sound]");
const KEY = "ioc-sound";
const TONES = { warning: [660, 550], critical: [988, 740, 988, 740] };
const LENGTH = 0.16; // seconds of a tone
const LOUD = 0.25;
let context = null;

const wanted = () => localStorage.getItem(KEY) === "on";
const blocked = () => wanted() && context?.state !== "running";

function say() {
  button.textContent = button.dataset[blocked() ? "sayBlocked" : wanted() ? "sayOn" : "sayOff"];
  button.setAttribute("aria-pressed", String(wanted()));
}

function open() {
  if (!context) {
    context = new AudioContext();
    context.addEventListener("statechange", say);
  }
  // without a touch the promise stays open for as long as the browser blocks
  context.resume().then(say, say);
  say();
}

function play(level) {
  if (!wanted() || context?.state !== "running") return;
  for (const [place, pitch] of TONES[level].entries()) {
    const from = context.currentTime + place * LENGTH * 1.25;
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0, from);
    volume.gain.linearRampToValueAtTime(LOUD, from + 0.01);
    volume.gain.setValueAtTime(LOUD, from + LENGTH - 0.03);
    volume.gain.linearRampToValueAtTime(0, from + LENGTH);
    tone.connect(volume).connect(context.destination);
    tone.start(from);
    tone.stop(from + LENGTH);
  }
}

button.hidden = false;
button.addEventListener("click", () => {
  localStorage.setItem(KEY, wanted() && !blocked() ? "off" : "on");
  open();
  if (wanted()) setTimeout(play, 50, "warning");
});
document.addEventListener("ioc:risen", (event) => {
  const { id, level, quality } = event.detail;
  const all = document.getElementById("strip")?.dataset.sim === "all";
  // something simulated is heard only where the whole board is an exercise
  if (id.startsWith("strip-") && (quality !== "sim" || all)) play(level);
});
if (wanted()) open();
say();

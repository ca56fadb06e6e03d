// Reports: the button that prints, and how long one has been waiting where a report takes longer than a second.

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false; // without scripts there is none
  button.addEventListener("click", () => print());
}

const said = document.querySelector("[data-say-busy]");
let counting = 0;

function wait() {
  done();
  const began = performance.now();
  counting = setInterval(() => {
    said.hidden = false;
    said.textContent = said.dataset.sayBusy.replace("{n}", Math.round((performance.now() - began) / 1000));
  }, 1000);
}

function done() {
  clearInterval(counting);
  said.hidden = true;
}

document.querySelector("form.ask")?.addEventListener("submit", wait);
for (const link of document.querySelectorAll(".ask a, .reports a")) link.addEventListener("click", (event) => {
  if (!event.ctrlKey && !event.metaKey && !event.shiftKey) wait(); // not where another tab opens
});
addEventListener("pageshow", (event) => event.persisted && done()); // back from the next page, by the browser's own memory

for (const link of document.querySelectorAll("a[data-file]")) link.addEventListener("click", async (event) => {
  if (link.href.startsWith("blob:") || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const address = link.href;
  wait();
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(String(answer.status));
    link.href = URL.createObjectURL(await answer.blob());
    link.click();
    URL.revokeObjectURL(link.href);
    link.href = address;
  } catch {
    location.assign(address); // its page says what is wrong
  } finally {
    done();
  }
});

// The operations page keeps itself up to date: every ten seconds, and a moment after something happened.
// It never changes under a focus, a selection or an open dialog, so nothing jumps away from a hand.
import "./shell.js";

const EVERY = 10_000;
const SOON = 700;
const TOPICS = new Set(["channel.changed", "import.changed", "message.changed", "message.created"]);
const page = document.getElementById("operations");
let timer = 0;

const isBusy = () =>
  document.hidden || page.contains(document.activeElement) || document.querySelector("dialog[open]") || String(getSelection());

function refresh(force = false) {
  clearTimeout(timer);
  if (force || !isBusy()) window.htmx.ajax("GET", page.dataset.url, { target: page, swap: "innerHTML" });
  timer = setTimeout(refresh, EVERY);
}
function soon() {
  clearTimeout(timer);
  timer = setTimeout(refresh, SOON);
}

document.addEventListener("htmx:afterSettle", () => {
  const time = page.querySelector("[data-time]")?.dataset.time;
  if (time) document.getElementById("op-time").textContent = time;
});
document.addEventListener("otklik:event", ({ detail }) => TOPICS.has(detail.topic) && soon());
document.addEventListener("otklik:resync", soon);
document.querySelector("[data-op-refresh]")?.addEventListener("click", () => refresh(true));
timer = setTimeout(refresh, EVERY);

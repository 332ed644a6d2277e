// Above the text: what the customer asked for, another way or moment that keeps to it, or the reason why not.
// What is drawn comes with the page (data-wish of a panel) and anew with every saved draft.
const strip = () => document.getElementById("compose-wish");
const own = () => strip().querySelector("[name=reason_own]");
const choice = () => strip().querySelector("[name=reason]");

function put(id, title) {
  const node = document.getElementById(id);
  node.hidden = !title;
  node.querySelector("span").textContent = title;
  return node;
}

/** Draw what is known for a panel. */
export function show(panel) {
  if (!strip()) return;
  const found = JSON.parse(panel?.dataset.wish || "{}");
  strip().hidden = !found.text;
  if (!found.text) return;
  strip().classList.toggle("is-ask", Boolean(found.ask));
  const words = document.getElementById("wish-text");
  if (words.textContent !== found.text) words.textContent = found.text;
  put("wish-other", found.otherTitle).dataset.url = found.other;
  put("wish-later", found.laterTitle).dataset.sendAt = found.later;
  document.getElementById("wish-why").hidden = !found.ask;
}

/** The server has looked at the text: it may be in another language than asked for. */
export function learn(panel, found) {
  if (!found || !panel) return;
  panel.dataset.wish = JSON.stringify(found);
  if (!panel.hidden) show(panel);
}

/** The fields that go with an answer. */
export function values() {
  return strip() ? { reason: choice().value, reason_own: own().value } : {};
}

/** An answer was refused for want of a reason. */
export function ask() {
  strip().hidden = false;
  strip().classList.add("is-ask");
  document.getElementById("wish-why").hidden = false;
  choice().focus();
}

/** The answer is gone: the next one needs its own reason. */
export function forget() {
  if (!strip()) return;
  choice().value = "";
  own().value = "";
}

document.addEventListener("click", (event) => {
  const other = event.target.closest?.("#wish-other");
  if (other) window.htmx.ajax("GET", other.dataset.url, "#o-dialogs");
});
document.addEventListener("change", (event) => {
  if (event.target.matches?.("#compose-wish [name=reason]") && event.target.value === "own") own().focus();
});

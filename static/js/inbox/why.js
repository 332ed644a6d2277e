// Why the machine says so: words and certainty beside a chip (pointer or focus), and the same words marked in the text.
import { fragment, later } from "./dom.js";

const WAIT = 250; // ms a pointer or the focus stays before anything is shown
const known = new Map(); // address of a reason → its lines
let owner = null;
let stood = null; // where it stood when the reason appeared

const bubble = document.createElement("div");
bubble.id = "o-why";
bubble.className = "o-pop o-why";
bubble.setAttribute("role", "tooltip");
bubble.hidden = true;
(document.getElementById("main") ?? document.body).append(bubble);

/* ---------- the bubble ---------- */

function place(node) {
  const at = node.getBoundingClientRect();
  stood = at;
  const inRow = node.matches("a.o-row");
  bubble.hidden = false;
  const { width, height } = bubble.getBoundingClientRect();
  const left = inRow ? at.right + 4 : at.left;
  const fits = left + width < innerWidth - 8;
  const below = at.bottom + 4 + height < innerHeight - 8;
  const top = inRow && fits ? at.top : below ? at.bottom + 4 : at.top - height - 4;
  bubble.style.left = `${Math.max(8, fits ? left : Math.min(at.left, innerWidth - width - 8))}px`;
  bubble.style.top = `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`;
}

function hide() {
  if (!owner) return;
  owner.removeAttribute("aria-describedby");
  unmark();
  owner = null;
  bubble.hidden = true;
}

async function show(node) {
  hide();
  owner = node;
  const url = node.dataset.whyUrl;
  if (url) {
    const lines = known.get(url) ?? (await fragment(url))?.body;
    if (owner !== node || !node.isConnected || !lines?.childElementCount) return;
    bubble.replaceChildren(...[...lines.children].map((line) => document.importNode(line, true)));
  } else {
    const line = document.createElement("p");
    line.textContent = node.dataset.why;
    bubble.replaceChildren(line);
    mark(node);
  }
  node.setAttribute("aria-describedby", "o-why");
  place(node);
}

const soon = later((node) => {
  if (node?.isConnected && (node.matches(":hover") || node.querySelector?.(":hover") || node.matches(":focus-visible"))) show(node);
}, WAIT);

/** A chip of the thread; in the list what was read, or the whole line when the keyboard stands on it. */
function whyOf(target, byPointer) {
  const chip = target.closest?.("[data-why]");
  if (chip) return chip;
  const row = target.closest?.("a.o-row[data-why-url]");
  return row && (!byPointer || target.closest(".o-prio, .o-row__cause, .o-row__tone")) ? row : null;
}

document.addEventListener("pointerover", (event) => {
  if (event.pointerType === "touch") return;
  const node = whyOf(event.target, true);
  if (node === owner) return;
  if (owner && !owner.matches(":focus-visible")) hide();
  if (node) soon(node);
});
document.addEventListener("focusin", (event) => {
  const node = whyOf(event.target, false);
  if (node === owner) return;
  hide();
  if (node?.matches(":focus-visible")) soon(node);
});
document.addEventListener("focusout", (event) => {
  if (event.target === owner) hide();
});
// something else may scroll or be drawn anew: only what moves or goes takes its reason along
document.addEventListener("scroll", () => {
  const at = owner?.getBoundingClientRect();
  if (at && (Math.abs(at.top - stood.top) > 2 || Math.abs(at.left - stood.left) > 2)) hide();
}, { capture: true, passive: true });
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (owner && detail.target?.contains(owner)) hide();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hide();
}, true);

/* ---------- the words in the text itself ---------- */

function unmark() {
  for (const node of document.querySelectorAll("mark.o-because")) {
    const parent = node.parentNode;
    node.replaceWith(...node.childNodes);
    parent.normalize();
  }
}

/** Mark places given in code points of the text as it was stored. */
function mark(chip) {
  const body = chip.closest(".o-msg")?.querySelector(".o-msg__text");
  if (!body || !chip.dataset.spans) return;
  const signs = [...body.textContent];
  const at = [0];
  for (const sign of signs) at.push(at[at.length - 1] + sign.length);
  const places = chip.dataset.spans.split(" ").map((one) => one.split("-").map((point) => at[Math.min(Number(point), signs.length)]));
  for (const [from, to] of places) wrap(body, from, to);
}

function wrap(body, from, to) {
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  const parts = [];
  let start = 0;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const end = start + node.length;
    if (end > from && start < to) parts.push([node, Math.max(from - start, 0), Math.min(to, end) - start]);
    start = end;
  }
  for (const [node, first, last] of parts) {
    if (node.parentNode.matches("mark.o-because")) continue;
    const middle = first ? node.splitText(first) : node;
    if (last - first < middle.length) middle.splitText(last - first);
    const around = document.createElement("mark");
    around.className = "o-because";
    middle.replaceWith(around);
    around.append(middle);
  }
}

/* ---------- readings that came or changed while the thread is open ---------- */

/** Lines of the thread stay; a reading is drawn anew when it says something else, unless a person works in it. */
export function readings(page) {
  for (const fresh of page.querySelectorAll(".o-read")) {
    const here = document.getElementById(fresh.id);
    if (!here || here.dataset.v === fresh.dataset.v || here.matches("[data-open]")) continue;
    const focused = here.contains(document.activeElement) ? document.activeElement.dataset.field : null;
    const node = document.importNode(fresh, true);
    here.replaceWith(node);
    window.htmx?.process(node);
    if (focused) (node.querySelector(`[data-field="${focused}"]`) ?? node.querySelector("button"))?.focus();
  }
}

// a click opens all fields: the focus goes to the correction of the one that was clicked
document.addEventListener("htmx:afterSwap", (event) => {
  const from = event.detail.requestConfig?.elt;
  if (!event.detail.target?.id?.startsWith("read-") || !from) return;
  const panel = document.getElementById(event.detail.target.id);
  const field = from.closest?.("[data-field]")?.dataset.field ?? from.querySelector?.("[name=field]")?.value;
  const row = field && panel?.querySelector(`tr[data-field="${field}"]`);
  (row?.querySelector("select, summary, button") ?? panel?.querySelector("[data-read-more]"))?.focus();
});

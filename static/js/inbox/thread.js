// The open conversation: kept at its end, refreshed without moving, read when it is really looked at, shared politely.
import { keys } from "../keys.js";
import { currentId, fragment, later, list as listPane, main, post, reconcile, text, thread } from "./dom.js";
import * as list from "./list.js";
import * as composer from "./composer.js";

const scroller = () => document.getElementById("thread-scroll");
const places = new Map(); // conversation → scroll position
const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 48;

/* ---------- opening ---------- */

export function opened() {
  const pane = thread();
  if (!pane) return;
  if (main().dataset.pane !== "card") main().dataset.pane = "thread";
  const box = scroller();
  const fresh = document.getElementById("new");
  if (places.has(pane.dataset.id)) box.scrollTop = places.get(pane.dataset.id);
  else if (fresh) box.scrollTop = Math.max(fresh.offsetTop - 80, 0);
  else box.scrollTop = box.scrollHeight;
  box.addEventListener("scroll", () => {
    places.set(pane.dataset.id, box.scrollTop);
    if (atEnd(box)) document.getElementById("thread-fresh").hidden = true;
  }, { passive: true });
  list.setTitle(pane.dataset.title);
  list.markCurrent();
  composer.wake();
  look();
  present();
}

/** The whole pane anew, with the composer: after a text went back into a draft. */
export async function reopen(mode = "") {
  const pane = thread();
  if (!pane) return;
  await composer.flush();
  const query = pane.dataset.query ? `${pane.dataset.query}&` : "?";
  await window.htmx.ajax("GET", `/inbox/${pane.dataset.id}/${query}mode=${mode}`, { target: "#pane-thread", swap: "outerHTML" });
  document.querySelector(".o-compose__panel:not([hidden]) textarea")?.focus();
}

/* ---------- refreshing in place ---------- */

export const refresh = later(async () => {
  const pane = thread();
  if (!pane) return;
  const id = pane.dataset.id;
  const page = await fragment(pane.dataset.streamUrl);
  if (!page || currentId() !== id) return;
  const box = scroller();
  const end = atEnd(box);
  const before = Number(box.dataset.last);
  const next = page.getElementById("thread-scroll");
  for (const part of ["thread-head", "thread-facts"]) swap(part, page.getElementById(part));
  reconcile(document.getElementById("thread-items"), [...page.getElementById("thread-items").children]);
  box.dataset.newest = next.dataset.newest;
  box.dataset.last = next.dataset.last;
  if (Number(next.dataset.last) <= before) return;
  if (end) box.scrollTop = box.scrollHeight;
  else {
    const line = document.getElementById("thread-fresh");
    line.hidden = false;
    line.querySelector("span").textContent = text("fresh");
  }
  if (Number(next.dataset.newest) > Number(pane.dataset.newest)) composer.newer(Number(next.dataset.newest), end);
  pane.dataset.newest = next.dataset.newest;
  look();
}, 150);

function swap(id, next) {
  const known = document.getElementById(id);
  if (!known || !next || known.outerHTML === next.outerHTML) return;
  const held = known.contains(document.activeElement) ? document.activeElement.dataset.do : "";
  if (known.querySelector("details[open]")) return; // an open menu is not pulled from under the pointer
  const node = document.importNode(next, true);
  known.replaceWith(node);
  window.htmx?.process(node);
  if (held) node.querySelector(`[data-do="${held}"]`)?.focus();
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("#thread-fresh")) {
    const box = scroller();
    box.scrollTop = box.scrollHeight;
    event.target.closest("#thread-fresh").hidden = true;
  }
  const design = event.target.closest?.("[data-html]");
  if (design) showMail(design);
  const card = event.target.closest?.("[data-do=card]");
  if (card && window.matchMedia("(min-width: 768px)").matches) {
    event.preventDefault();
    toggleCard();
  }
  if (event.target.closest?.("[data-card-close]")) toggleCard(false);
});

/** The mail in its own sandboxed frame: no scripts, no session, nothing loaded from elsewhere. */
function showMail(button) {
  const body = button.closest(".o-msg__body");
  const known = body.querySelector("iframe");
  button.setAttribute("aria-expanded", String(!known));
  if (known) {
    known.remove();
    return;
  }
  const frame = document.createElement("iframe");
  frame.className = "o-frame";
  frame.title = button.dataset.title;
  frame.setAttribute("sandbox", "allow-popups allow-popups-to-escape-sandbox");
  frame.src = button.dataset.html;
  body.append(frame);
}

export function toggleCard(on) {
  const card = document.getElementById("pane-card");
  if (!card) return false;
  const open = card.classList.toggle("is-open", on);
  if (open) card.querySelector("[data-card-close]")?.focus();
  else if (card.contains(document.activeElement)) scroller()?.focus();
  return true;
}

/* ---------- read, when it was on the screen of somebody who looks ---------- */

const look = later(() => {
  const pane = thread();
  if (!pane || document.hidden || !document.hasFocus() || !pane.getClientRects().length) return;
  const last = Number(scroller().dataset.last);
  if (pane.dataset.seen && Number(pane.dataset.seen) >= last) return;
  pane.dataset.seen = String(last);
  post(pane.dataset.seenUrl, { message: last }).then(() => list.count());
}, 700);
addEventListener("focus", look);
document.addEventListener("visibilitychange", look);

/* ---------- who else is here ---------- */

let presentId = "";
let presentUrl = "";

export async function present(typing = composer.isTyping()) {
  const pane = thread();
  if (presentUrl && presentId !== (pane?.dataset.id ?? "")) leave();
  if (!pane || document.hidden) return;
  presentId = pane.dataset.id;
  presentUrl = pane.dataset.presentUrl;
  const answer = await post(presentUrl, { typing: typing ? "1" : "" });
  const line = document.getElementById("presence");
  if (line && answer.ok && answer.data && currentId() === presentId && line.textContent !== answer.data.text) line.textContent = answer.data.text;
}

function leave() {
  if (!presentUrl) return;
  post(presentUrl, { leave: "1" }, { keepalive: true });
  presentUrl = "";
  presentId = "";
}
setInterval(() => present(), 15000);
addEventListener("pagehide", leave);
document.addEventListener("visibilitychange", () => (document.hidden ? leave() : present()));

/* ---------- keys ---------- */

keys.register("KeyI", () => toggleCard(), { label: text("card"), group: text("groupC") });
keys.register("ArrowLeft", () => {
  if (!document.activeElement?.closest?.("#pane-thread,#pane-card") || !listPane()) return false;
  document.querySelector("#rows [aria-current=true]")?.focus();
  return true;
});

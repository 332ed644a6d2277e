// The open conversation: kept at its end, refreshed without moving, read when it is really looked at, shared politely.
import { keys } from "../keys.js";
import { count } from "../counts.js";
import { alertUser } from "../shell.js";
import { currentId, fragment, later, list as listPane, main, post, reconcile, text, thread } from "./dom.js";
import * as list from "./list.js";
import * as composer from "./composer.js";
import { readings } from "./why.js";

const scroller = () => document.getElementById("thread-scroll");
const places = new Map(); // conversation → the line at the top of the screen; none: its end
const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 48;

/** The line that stands at the top of the screen, and how far below the edge. */
function topLine(box) {
  const edge = box.getBoundingClientRect().top;
  const line = [...document.getElementById("thread-items").children].find((node) => node.dataset.message && node.getBoundingClientRect().bottom > edge);
  return line ? { id: line.id, by: line.getBoundingClientRect().top - edge } : null;
}

function toLine(box, held) {
  const line = held && document.getElementById(held.id);
  if (!line) return false;
  box.scrollTop += line.getBoundingClientRect().top - box.getBoundingClientRect().top - held.by;
  return true;
}

/* ---------- opening ---------- */

export function opened() {
  const pane = thread();
  if (!pane) return;
  if (main().dataset.pane !== "card") main().dataset.pane = "thread";
  const box = scroller();
  const fresh = document.getElementById("new");
  if (toLine(box, places.get(pane.dataset.id))) seenFresh();
  else if (fresh) box.scrollTop = Math.max(fresh.offsetTop - 80, 0);
  else box.scrollTop = box.scrollHeight;
  box.addEventListener("scroll", remember, { passive: true });
  list.setTitle(pane.dataset.title);
  list.markCurrent();
  composer.wake();
  look();
  present();
}

const remember = later(() => {
  const pane = thread();
  if (!pane) return;
  const end = atEnd(scroller());
  if (end) seenFresh();
  places.set(pane.dataset.id, end ? null : topLine(scroller()));
}, 80);

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
  const page = await fragment(streamUrl());
  if (!page || currentId() !== id) return;
  const box = scroller();
  const end = atEnd(box) && !readsHere(box);
  const before = Number(box.dataset.last);
  for (const part of ["thread-head", "thread-facts"]) swap(part, page.getElementById(part));
  const next = draw(page);
  box.dataset.newest = next.dataset.newest;
  box.dataset.last = next.dataset.last;
  if (Number(next.dataset.last) <= before) return;
  const added = [...document.querySelectorAll("#thread-items [data-message]")].filter((node) => Number(node.dataset.message) > before);
  if (end) box.scrollTop = box.scrollHeight;
  else if (added.length) sayFresh(added.length);
  if (Number(next.dataset.newest) > Number(pane.dataset.newest)) {
    composer.newer(Number(next.dataset.newest), end);
    if (added.some((node) => !node.matches(".o-msg--ours, .o-msg--note"))) document.getElementById("o-live").textContent = text("fresh");
  }
  pane.dataset.newest = next.dataset.newest;
  look();
}, 150);

/** Everything from the first line on the screen: what stands there stays; `more`: and a step above it. */
function streamUrl(more = false) {
  const url = new URL(thread().dataset.streamUrl, location.href);
  url.searchParams.set("first", scroller().dataset.first);
  if (more) url.searchParams.set("more", "1");
  return url.href;
}

/** New lines into their places; the line at the top of the screen does not move. */
function draw(page) {
  const box = scroller();
  const next = page.getElementById("thread-scroll");
  const held = topLine(box);
  reconcile(document.getElementById("thread-items"), [...page.getElementById("thread-items").children]);
  readings(page);
  box.dataset.first = next.dataset.first;
  document.getElementById("thread-earlier").hidden = page.getElementById("thread-earlier").hidden;
  toLine(box, held);
  return next;
}

async function earlier(button) {
  if (button.getAttribute("aria-busy") === "true") return;
  const id = currentId();
  button.setAttribute("aria-busy", "true");
  const page = await fragment(streamUrl(true));
  button.removeAttribute("aria-busy");
  if (currentId() !== id) return;
  if (!page) {
    alertUser(text("failedThread"), { retry: () => earlier(button) });
    return;
  }
  draw(page);
  if (document.getElementById("thread-earlier").hidden) scroller().focus({ preventScroll: true });
}

/* ---------- what came while something else is read ---------- */

/** Words of the thread are being selected: nothing moves under them. */
function readsHere(box) {
  const selection = getSelection();
  return Boolean(selection && !selection.isCollapsed && box.contains(selection.anchorNode));
}

function sayFresh(count) {
  const line = document.getElementById("thread-fresh");
  line.dataset.count = String(Number(line.dataset.count ?? 0) + count);
  line.hidden = false;
  line.querySelector("span").textContent = text("new", { count: line.dataset.count });
}

function seenFresh() {
  const line = document.getElementById("thread-fresh");
  const waited = !line.hidden;
  line.hidden = true;
  delete line.dataset.count;
  if (waited) look();
}

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
    scroller().scrollTop = scroller().scrollHeight;
    scroller().focus({ preventScroll: true });
    seenFresh();
  }
  const up = event.target.closest?.("[data-earlier]");
  if (up) earlier(up);
  const card = event.target.closest?.("[data-do=card]");
  if (card && window.matchMedia("(min-width: 768px)").matches) {
    event.preventDefault();
    toggleCard();
  }
  if (event.target.closest?.("[data-card-close]")) toggleCard(false);
});

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
  if (!document.getElementById("thread-fresh").hidden) return; // what came waits below the edge
  const last = Number(scroller().dataset.last);
  if (pane.dataset.seen && Number(pane.dataset.seen) >= last) return;
  pane.dataset.seen = String(last);
  post(pane.dataset.seenUrl, { message: last }).then(() => count());
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

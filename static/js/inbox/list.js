// The list: moving along it, choosing several, refreshing lines where they stand, "New: 3" instead of jumping.
import { keys } from "../keys.js";
import { currentId, fragment, later, list, main, post, text, thread } from "./dom.js";
import { done } from "./actions.js";

const rows = () => [...document.querySelectorAll("#rows > li[data-id]")];
const linkOf = (row) => row?.querySelector("a.o-row");
const shown = (node) => Boolean(node?.getClientRects().length);
let anchor = null;

/* ---------- moving ---------- */

function here() {
  const focused = document.activeElement?.closest?.("#rows > li[data-id]");
  return focused ?? rows().find((row) => row.dataset.id === currentId()) ?? null;
}

function step(by) {
  if (!shown(list())) return false;
  const all = rows();
  if (!all.length) return false;
  const now = all.indexOf(here());
  const next = all[now < 0 ? 0 : Math.min(Math.max(now + by, 0), all.length - 1)];
  linkOf(next).focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}

const inList = () => Boolean(document.activeElement?.closest?.("#pane-list")) || document.activeElement === document.body;

function arrow(by) {
  return inList() ? step(by) : false;
}

/* ---------- choosing several ---------- */

const picked = () => [...document.querySelectorAll("#rows .o-pick:checked")];

export function showBulk() {
  const bar = document.getElementById("bulk");
  if (!bar) return;
  const count = picked().length;
  bar.hidden = count === 0;
  list().classList.toggle("has-picked", count > 0);
  document.getElementById("bulk-count").textContent = text("selected", { count });
}

function toggle(row) {
  const box = row?.querySelector(".o-pick");
  if (!box) return false;
  box.checked = !box.checked;
  anchor = row;
  showBulk();
  return true;
}

function extend(by) {
  if (!inList()) return false;
  const row = here();
  if (row && !row.querySelector(".o-pick").checked) toggle(row);
  step(by);
  const next = here();
  if (next && next !== row) next.querySelector(".o-pick").checked = true;
  showBulk();
  return true;
}

function pickNone() {
  for (const box of picked()) box.checked = false;
  showBulk();
}

const chosenIds = () => picked().map((box) => box.value).join(",");

document.addEventListener("click", async (event) => {
  const box = event.target.closest?.(".o-pick");
  if (box) {
    const row = box.closest("li");
    if (event.shiftKey && anchor?.isConnected) {
      const all = rows();
      const [from, to] = [all.indexOf(anchor), all.indexOf(row)].sort((a, b) => a - b);
      for (const one of all.slice(from, to + 1)) one.querySelector(".o-pick").checked = box.checked;
    }
    anchor = row;
    showBulk();
    return;
  }
  const ask = event.target.closest?.("[data-bulk-ask]");
  if (ask) window.htmx.ajax("GET", `${ask.dataset.url}?ids=${chosenIds()}`, { target: "#o-dialogs", swap: "innerHTML" });
  const act = event.target.closest?.("[data-bulk]");
  if (act) {
    const answer = await post(act.dataset.url, { ids: chosenIds() });
    if (answer.ok) done(answer.data);
    else document.dispatchEvent(new CustomEvent("otklik:refused", { detail: answer }));
  }
  if (event.target.closest?.("[data-bulk-none]")) pickNone();
});

/* ---------- lines refreshed in place, and what is new ---------- */

const stale = new Set();
const fresh = new Set();

const refetch = later(async () => {
  const pane = list();
  if (!pane) return;
  const ids = [...stale].slice(0, 60);
  stale.clear();
  const query = pane.dataset.query ? `${pane.dataset.query}&` : "?";
  const page = await fragment(`${pane.dataset.rowsUrl}${query}ids=${ids.join(",")}&current=${currentId()}`);
  if (!page) return;
  for (const line of page.querySelectorAll("li[data-id]")) {
    const known = document.getElementById(line.id);
    if (known && opening(known)) stale.add(line.dataset.id);
    else if (known) replace(known, line);
    else if (!line.dataset.away) fresh.add(line.dataset.id);
  }
  showFresh();
}, 250);

/** Its conversation is being fetched: htmx looks for the customer's pane from the clicked line, so the line stays until
 *  then, or the card of the one before would stand beside the thread. */
const opening = (part) => Boolean(part.querySelector("a.o-row.htmx-request"));
document.addEventListener("htmx:afterRequest", () => {
  if (stale.size) refetch();
});

function replace(known, line) {
  const focused = known.contains(document.activeElement);
  const checked = known.querySelector(".o-pick").checked;
  const node = document.importNode(line, true);
  node.querySelector(".o-pick").checked = checked;
  if (node.dataset.id === currentId()) linkOf(node).setAttribute("aria-current", "true");
  known.replaceWith(node);
  window.htmx?.process(node);
  if (focused) linkOf(node).focus({ preventScroll: true });
}

function showFresh() {
  const line = document.getElementById("list-fresh");
  if (!line) return;
  line.hidden = fresh.size === 0;
  line.querySelector("span").textContent = text("new", { count: fresh.size });
}

/** The line of a conversation says something else now. */
export function touch(id) {
  if (!id) return;
  stale.add(String(id));
  refetch();
}

/** Load the list again, from its top; the thread stays. */
export async function reload(url = "") {
  const pane = list();
  if (!pane) return;
  const page = await fragment(url || `/inbox/${pane.dataset.query}`);
  const next = page?.getElementById("pane-list");
  if (!next) {
    document.dispatchEvent(new CustomEvent("otklik:refused", { detail: { data: { error: { message: text("failed") } } } }));
    return;
  }
  // any request ends with this event, so the line is looked at again
  while (opening(pane)) await new Promise((done) => document.addEventListener("htmx:afterRequest", done, { once: true }));
  const node = document.importNode(next, true);
  pane.replaceWith(node);
  window.htmx?.process(node);
  fresh.clear();
  markCurrent();
}

/** The open conversation is marked in the list and counts as read there. */
export function markCurrent() {
  const id = currentId();
  for (const row of rows()) {
    const link = linkOf(row);
    if (row.dataset.id === id) {
      link.setAttribute("aria-current", "true");
      link.removeAttribute("data-unread");
      link.querySelector(".o-row__1 > .visually-hidden")?.remove();
    } else link.removeAttribute("aria-current");
  }
}

/* ---------- unread in the title ---------- */

let title = document.title;
let unread = 0;

function paintTitle() {
  const bare = title.replace(/^\(\d+\) /, "");
  document.title = unread ? `(${unread}) ${bare}` : bare;
}

export function setTitle(value) {
  title = value;
  paintTitle();
}

document.addEventListener("otklik:counts", ({ detail }) => {
  unread = detail.unread;
  paintTitle();
});

/* ---------- waiting times tick in place ---------- */

function tick() {
  for (const node of document.querySelectorAll("[data-since]")) {
    const minutes = Math.floor((Date.now() - Date.parse(node.dataset.since)) / 60000);
    if (minutes >= 1440) continue; // days are worded by the server
    const hours = Math.floor(minutes / 60);
    const words = hours ? text("hour", { hours, minutes: String(minutes % 60).padStart(2, "0") }) : text("min", { minutes: Math.max(minutes, 0) });
    if (node.textContent !== words) node.textContent = words;
  }
}
setInterval(tick, 20000);

/* ---------- keys ---------- */

const group = text("group");
keys.register("KeyJ", () => step(1), { label: text("next"), group });
keys.register("KeyK", () => step(-1), { label: text("prev"), group });
keys.register("ArrowDown", () => arrow(1));
keys.register("ArrowUp", () => arrow(-1));
keys.register("KeyX", () => toggle(here()), { label: text("select"), group });
keys.register("Shift+ArrowDown", () => extend(1), { label: text("extend"), group });
keys.register("Shift+ArrowUp", () => extend(-1));
keys.register("Shift+KeyJ", () => extend(1));
keys.register("Shift+KeyK", () => extend(-1));
keys.register("ArrowRight", () => intoThread(), { label: text("open"), group });

function intoThread() {
  if (!document.activeElement?.closest?.("#pane-list")) return false;
  const row = here();
  if (row && row.dataset.id !== currentId()) linkOf(row).click();
  else thread()?.querySelector("#thread-scroll")?.focus();
  return true;
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("#list-fresh")) reload();
  const back = event.target.closest?.("a[data-back]");
  if (back && list() && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    main().dataset.pane = "list";
    history.pushState({}, "", back.href);
    linkOf(rows().find((row) => row.dataset.id === currentId()))?.focus();
  }
});

export const bulk = { none: pickNone, any: () => picked().length > 0 };

// After an action: what was done, how to take it back, what to fetch anew. Dialogs with a search, menus.
import { keys } from "../keys.js";
import { count } from "../counts.js";
import { toast } from "../toast.js";
import { alertUser } from "../shell.js";
import { currentId, post, text, thread } from "./dom.js";
import * as list from "./list.js";
import * as thr from "./thread.js";

/** The server's word that an action worked: toast with undo, and everything it touched is fetched again. The dialog that
 *  asked for it closes; one that was opened while the answer was under way stays. */
export function done(detail, asked = null) {
  asked?.closest("dialog[open]")?.close();
  for (const menu of document.querySelectorAll("details.o-menu[open]")) menu.open = false;
  if (detail.go) {
    location.assign(detail.go);
    return;
  }
  toast.show(detail.text, {
    undo: detail.undo ? () => takeBack(detail.undo) : null,
    label: detail.sent ? text("back") : "",
    seconds: detail.seconds || 8,
  });
  if (detail.refused?.length) alertUser(text("refused", { reasons: detail.refused.join(" ") }));
  if (detail.bulk) {
    list.bulk.none();
    for (const id of detail.ids ?? []) list.touch(id);
    if (!detail.ids) list.reload();
  } else list.touch(detail.id);
  if (detail.draft) thr.reopen(detail.draft);
  else if (detail.bulk || String(detail.id) === currentId()) thr.refresh();
  count();
}

async function takeBack(undo) {
  const answer = await post(undo.url, undo.values);
  if (answer.ok && answer.data) done(answer.data);
  else refuse(answer);
}

/** A refusal is a sentence in the alerts, with nothing lost. */
export function refuse(answer) {
  alertUser(answer.data?.error?.message ?? text("unsent"));
}

document.addEventListener("otklik:done", (event) => done(event.detail, event.target instanceof Element ? event.target : null));
document.addEventListener("otklik:refused", (event) => refuse(event.detail));

/* ---------- menus: one open at a time, Esc and a click outside close ---------- */

document.addEventListener("toggle", (event) => {
  if (!event.target.matches?.("details.o-menu") || !event.target.open) return;
  for (const menu of document.querySelectorAll("details.o-menu[open]")) if (menu !== event.target) menu.open = false;
}, true);
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.o-menu[open]")) {
    if (!menu.contains(event.target) || event.target.closest("[hx-get]")) menu.open = false;
  }
});

/* ---------- pickers ---------- */

const isShown = (node) => !node.hidden && !node.closest("[hidden]");
const optionsOf = (picker) => [...picker.querySelectorAll(".o-options button, .o-options input")].filter(isShown);

function narrow(picker, query) {
  const words = query.toLowerCase().replaceAll("ё", "е").split(/\s+/).filter(Boolean);
  let found = 0;
  let exact = false;
  for (const button of picker.querySelectorAll("[data-option]")) {
    const name = button.dataset.option.toLowerCase().replaceAll("ё", "е");
    const fits = words.every((word) => name.includes(word));
    button.closest("li").hidden = !fits;
    found += fits ? 1 : 0;
    exact ||= name === query.trim().toLowerCase();
  }
  const none = picker.querySelector("[data-picker-none]");
  if (none) none.hidden = found > 0;
  const make = picker.querySelector("[data-picker-new]");
  if (make) {
    make.hidden = exact || !query.trim();
    make.querySelector("[data-picker-name]").value = query.trim();
    make.querySelector("[data-picker-shown]").textContent = query.trim();
  }
}

document.addEventListener("input", (event) => {
  if (event.target.matches?.("[data-picker-q]")) narrow(event.target.closest("[data-picker]"), event.target.value);
});
document.addEventListener("keydown", (event) => {
  const picker = event.target.closest?.("[data-picker]");
  if (!picker || !["ArrowDown", "ArrowUp", "Enter"].includes(event.code)) return;
  const all = optionsOf(picker);
  const field = picker.querySelector("input[type=text]");
  if (event.code === "Enter") {
    if (event.target !== field) return;
    event.preventDefault();
    (all[0] ?? picker.querySelector("[data-picker-new]:not([hidden]) button"))?.click();
    return;
  }
  if (event.target.matches("input[type=datetime-local]")) return;
  event.preventDefault();
  const now = all.indexOf(event.target);
  const next = now + (event.code === "ArrowDown" ? 1 : -1);
  if (next < 0) field?.focus();
  else all[Math.min(next, all.length - 1)]?.focus();
});
document.addEventListener("click", (event) => {
  const fill = event.target.closest?.("[data-fill]");
  if (fill) document.getElementById(fill.dataset.fill).value = fill.dataset.value;
});

/* ---------- keys of actions that may stand in a closed menu ---------- */

for (const [code, name] of Object.entries({ KeyL: "label", KeyU: "unread" })) {
  keys.register(code, () => {
    const node = thread()?.querySelector(`[data-do="${name}"]`);
    if (!node || node.getAttribute("aria-disabled") === "true") return false;
    node.click();
    return true;
  }, { label: () => thread()?.querySelector(`[data-do="${name}"]`)?.dataset.palette ?? "", group: text("groupC") });
}

// Keyboard: physical keys (event.code), so that ЙЦУКЕН and QWERTY behave the same.
//
//   import { keys } from "./keys.js";
//   const off = keys.register("KeyJ", (event) => next(), { label: "Next row", group: "List" });
//
// code      "KeyJ", "Shift+KeyR", "Ctrl+Enter" (Ctrl is also the Mac's Cmd), "F8", "KeyG KeyI" (one after the other)
// handler   gets the KeyboardEvent; returning false means "not mine", the next handler and the browser go on
// label     what it does, for the list behind `?`, or a function that says it; without a label it is not listed
// group     heading in that list
// combo     true: works inside text fields too. Combinations with Ctrl and function keys always do
// dialog    true: works while a dialog is open
//
// Elements say the same in HTML: data-key="KeyR" (a press clicks it, a field is focused), data-key-group="…".
import { el, icon, word } from "./words.js";

const SEQUENCE_MS = 1200;
const entries = []; // newest last, asked first
let prefix = "";
let prefixTimer = 0;

const TEXT_INPUTS = new Set(["text", "search", "email", "url", "tel", "password", "number", "date", "datetime-local", "time", "month", "week"]);

function inTextField(target) {
  if (!(target instanceof Element)) return false;
  if (target.closest("[contenteditable]:not([contenteditable=false])")) return true;
  if (target instanceof HTMLInputElement) return TEXT_INPUTS.has(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

function chord(event) {
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("Ctrl");
  if (event.altKey) parts.push("Alt");
  if (event.shiftKey) parts.push("Shift");
  parts.push(event.code === "NumpadEnter" ? "Enter" : event.code);
  return parts.join("+");
}

const isSingle = (code) => /^(Shift\+)?(Key[A-Z]|Digit\d|Slash|Period|Comma|Minus|Equal|Bracket\w+|Backquote)( |$)/.test(code);
const isCombo = (code) => /Ctrl\+|Alt\+|(^|\+)F\d+$/.test(code);
const singlesOff = () => document.body.dataset.singleKeys === "off";
const openDialog = () => [...document.querySelectorAll("dialog[open]")].pop() ?? null;
const isShown = (node) => node.getClientRects().length > 0 && !node.closest("[inert]");

/** Register a key; returns a function that takes it away again. */
function register(code, handler, { label = "", group = "", combo = false, dialog = false } = {}) {
  const entry = { code, handler, label, group, combo: combo || isCombo(code), dialog };
  entries.push(entry);
  return () => {
    const place = entries.indexOf(entry);
    if (place >= 0) entries.splice(place, 1);
  };
}

function tryEntries(code, event, typing, dialog) {
  for (let i = entries.length - 1; i >= 0; i -= 1) {
    const entry = entries[i];
    if (entry.code !== code || (typing && !entry.combo) || (dialog && !entry.dialog)) continue;
    if (singlesOff() && isSingle(code)) continue;
    if (entry.handler(event) !== false) return true;
  }
  return false;
}

function tryElements(code, typing, dialog) {
  if ((typing && !isCombo(code)) || (singlesOff() && isSingle(code))) return false;
  const scope = dialog ?? document;
  const found = [...scope.querySelectorAll(`[data-key="${CSS.escape(code)}"]`)].find(isShown);
  if (!found) return false;
  if (found.getAttribute("aria-disabled") === "true") found.focus();
  else if (found.matches("input:not([type=checkbox],[type=radio],[type=submit],[type=button]),textarea,select")) {
    found.focus();
    found.select?.();
  } else found.click();
  return true;
}

function setPrefix(code) {
  prefix = code;
  clearTimeout(prefixTimer);
  if (code) prefixTimer = setTimeout(() => (prefix = ""), SEQUENCE_MS);
}

const startsSequence = (code) =>
  entries.some((entry) => entry.code.startsWith(`${code} `)) || document.querySelector(`[data-key^="${CSS.escape(code)} "]`);

function onKeydown(event) {
  if (event.defaultPrevented || event.isComposing || !event.code) return;
  const typing = inTextField(event.target);
  const dialog = openDialog();
  const code = chord(event);
  if (prefix && !typing) {
    const whole = `${prefix} ${code}`;
    setPrefix("");
    if (tryEntries(whole, event, typing, dialog) || tryElements(whole, typing, dialog)) {
      event.preventDefault();
      return;
    }
  }
  // the question mark sits elsewhere in some layouts: both its place and its sign open the list
  if (!typing && !dialog && event.key === "?" && code !== "Shift+Slash" && !singlesOff()) {
    help();
    event.preventDefault();
    return;
  }
  if (tryEntries(code, event, typing, dialog) || tryElements(code, typing, dialog)) {
    event.preventDefault();
    return;
  }
  if (!typing && !dialog && !(singlesOff() && isSingle(code)) && startsSequence(code)) setPrefix(code);
}

const NAMES = {
  ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", Slash: "/", Enter: "Enter", Escape: "Esc", Backspace: "⌫",
  Space: "␣", Period: ".", Comma: ",", Minus: "−",
};
const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** "Shift+KeyR" → ["Shift", "R"]; sequences → ["G", "I"]. */
function pretty(code) {
  if (code === "Shift+Slash") return ["?"];
  return code.split(/[ +]/).map((part) => {
    if (part === "Ctrl" && isMac) return "⌘";
    return NAMES[part] ?? part.replace(/^(Key|Digit|Numpad)/, "");
  });
}

/** Everything that can be pressed now: [{code, label, group}], elements included. */
function all() {
  const seen = new Set();
  const list = [];
  for (const entry of [...entries].reverse()) {
    const label = typeof entry.label === "function" ? entry.label() : entry.label;
    if (label && !seen.has(entry.code)) list.unshift({ ...entry, label });
    seen.add(entry.code);
  }
  for (const node of document.querySelectorAll("[data-key]")) {
    const code = node.dataset.key;
    if (seen.has(code) || !isShown(node)) continue;
    seen.add(code);
    const label = node.dataset.palette || node.getAttribute("aria-label") || node.title || node.innerText.trim();
    list.push({ code, label: label.replace(/\s+/g, " "), group: node.dataset.keyGroup || word("keysPage") });
  }
  return list;
}

/** Open the list of all keys. */
function help() {
  const dialog = el("dialog", { class: "o-dialog o-dialog--keys", "aria-labelledby": "o-keys-title" });
  const close = el("button", { type: "button", class: "btn o-quiet o-sm o-square o-end", "aria-label": word("close"), "data-action": "close" }, icon("x"));
  dialog.append(el("div", { class: "o-dialog__h" }, el("h2", { id: "o-keys-title" }, word("keysTitle")), close));
  const groups = new Map();
  for (const entry of all()) {
    const name = entry.group || word("keysGeneral");
    groups.set(name, [...(groups.get(name) ?? []), entry]);
  }
  const columns = el("div", { class: "o-keys" });
  for (const [name, list] of groups) {
    const rows = el("dl", {});
    for (const entry of list) {
      const how = el("dt", {}, ...pretty(entry.code).flatMap((part, i) => (i ? [" ", el("kbd", {}, part)] : [el("kbd", {}, part)])));
      rows.append(el("div", {}, how, el("dd", {}, entry.label)));
    }
    columns.append(el("section", {}, el("h3", {}, name), rows));
  }
  dialog.append(columns);
  if (singlesOff()) dialog.append(el("p", { class: "o-dialog__f o-muted" }, word("keysOff")));
  dialog.addEventListener("close", () => dialog.remove());
  (document.getElementById("o-dialogs") ?? document.body).append(dialog);
  dialog.showModal();
}

document.addEventListener("keydown", onKeydown);
register("Shift+Slash", help, { label: word("keysTitle"), group: word("keysGeneral") });

export const keys = { register, all, help, pretty };

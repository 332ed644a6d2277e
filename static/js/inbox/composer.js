// Writing: tabs by place, a draft kept on every pause, files, templates, names after @, sending once.
import { keys } from "../keys.js";
import { el, icon } from "../words.js";
import { post, text, thread } from "./dom.js";
import { done } from "./actions.js";
import { present } from "./thread.js";
import * as recipients from "./recipients.js";
import * as wish from "./wish.js";

const PAUSE = 700; // milliseconds of silence after which the draft is saved
const form = () => document.getElementById("composer");
const panels = () => [...document.querySelectorAll(".o-compose__panel")];
const panel = () => panels().find((one) => !one.hidden) ?? null;
const field = () => panel()?.querySelector("textarea") ?? null;
const modeOf = (one = panel()) => one?.dataset.mode ?? "";
const local = (mode) => `otklik-draft-${document.body.dataset.user}-${thread()?.dataset.id}-${mode}`;

let timer = 0;
let dirty = null; // the panel whose text is not saved yet
let typingUntil = 0;
let saving = Promise.resolve();
let sending = false;

export const isTyping = () => performance.now() < typingUntil;

/* ---------- tabs ---------- */

function choose(mode, focus = true) {
  const tab = document.getElementById(`tab-${mode}`);
  if (!tab) return false;
  flush();
  for (const one of document.querySelectorAll(".o-compose [role=tab]")) {
    const on = one === tab;
    one.setAttribute("aria-selected", String(on));
    one.tabIndex = on ? 0 : -1;
  }
  for (const one of panels()) one.hidden = one.dataset.mode !== mode;
  form().elements.mode.value = mode;
  document.querySelector("#compose-send span").textContent = tab.dataset.button;
  document.getElementById("compose-hint").textContent = tab.dataset.hint;
  const close = document.getElementById("compose-close");
  close.hidden = mode === "note" || close.dataset.never === "1";
  document.getElementById("compose-later").hidden = mode === "note";
  problem("");
  state("");
  wish.show(panel());
  measure();
  if (focus) focusEnd();
  return true;
}

function focusEnd() {
  const area = field();
  if (!area) return;
  area.focus();
  area.setSelectionRange(area.value.length, area.value.length);
}

/* ---------- draft ---------- */

function state(words) {
  const line = document.getElementById("compose-state");
  if (line && line.textContent !== words) line.textContent = words;
}

function problem(words) {
  const line = document.getElementById("compose-problem");
  if (!line) return;
  line.hidden = !words;
  line.querySelector("span").textContent = words;
}

function valuesOf(one) {
  return {
    mode: one.dataset.mode,
    text: one.querySelector("textarea").value,
    ...recipients.values(one),
    seen: form().dataset.seen,
    files: one.querySelector("[data-file]") ? "1" : "",
  };
}

async function save(one, keepalive = false) {
  const url = form().dataset.draftUrl;
  const values = valuesOf(one);
  const key = local(one.dataset.mode);
  state(text("saving"));
  const answer = await post(url, values, { keepalive });
  if (answer.ok) {
    localStorage.removeItem(key);
    state(values.text ? text("saved") : "");
    wish.learn(one, answer.data?.wish);
  } else if (answer.status === 0 || answer.status >= 500) state(text("unsaved"));
  else problem(answer.data?.error?.message ?? text("unsaved"));
}

/** Save now what waits to be saved. */
export function flush(keepalive = false) {
  clearTimeout(timer);
  if (!dirty?.isConnected || sending) return saving;
  const one = dirty;
  dirty = null;
  saving = save(one, keepalive);
  return saving;
}

function changed(one) {
  dirty = one;
  // the browser's own copy is written at once: it survives a kill between two pauses
  try {
    localStorage.setItem(local(one.dataset.mode), one.querySelector("textarea").value);
  } catch {
    // private windows may refuse: the server's copy remains
  }
  clearTimeout(timer);
  timer = setTimeout(() => flush(), PAUSE);
  const was = isTyping();
  typingUntil = performance.now() + 6000;
  if (!was && one.dataset.mode !== "note") present(true);
  measure();
}

function measure() {
  const left = document.getElementById("compose-left");
  const limit = Number(panel()?.dataset.limit ?? 0);
  if (!left) return;
  const rest = limit - [...(field()?.value ?? "")].length;
  left.textContent = limit && rest < limit * 0.2 ? text(rest < 0 ? "over" : "left", { count: Math.abs(rest) }) : "";
  left.classList.toggle("is-over", limit > 0 && rest < 0);
}

/** The composer of a conversation has come: what the browser kept and the server does not have is put back. */
export function wake() {
  if (!form()) return;
  dirty = null;
  sending = false;
  const close = document.getElementById("compose-close");
  close.dataset.never = close.hidden && modeOf() !== "note" ? "1" : "";
  for (const one of panels()) {
    const kept = localStorage.getItem(local(one.dataset.mode));
    const area = one.querySelector("textarea");
    if (kept && kept !== area.value && kept.length >= area.value.length) {
      area.value = kept;
      changed(one);
    }
  }
  wish.show(panel());
  measure();
}

/** Somebody wrote while the person is writing: said once, the text stays; what is on the screen counts as seen. */
export function newer(id, onScreen) {
  if (!form()) return;
  if (onScreen && !field()?.value.trim()) form().dataset.seen = String(id);
  else if (field()?.value.trim()) problem(text("fresh"));
}

/* ---------- sending ---------- */

async function send(close = false, at = "") {
  const one = panel();
  if (!one || sending) return;
  clearTimeout(timer);
  await saving;
  sending = true;
  if (form().dataset.read) {
    form().dataset.seen = document.getElementById("thread-scroll").dataset.newest;
    delete form().dataset.read;
  }
  const button = document.getElementById(close ? "compose-close" : "compose-send");
  button.setAttribute("aria-busy", "true");
  const key = form().elements.client_key;
  const answer = await post(form().action, {
    ...valuesOf(one),
    ...wish.values(),
    client_key: key.value,
    close: close ? "1" : "",
    send_at: at,
    attachment: [...one.querySelectorAll("[data-file]")].map((file) => file.dataset.file),
  });
  button.removeAttribute("aria-busy");
  sending = false;
  if (answer.ok && answer.data) sent(one, answer.data, key);
  else refused(answer);
}

/** The answer waits for a moment: chosen in the dialog or offered beside the customer's best hours. */
function plan(at) {
  document.querySelector("dialog[open]")?.close();
  if (at) send(false, at);
}

function sent(one, data, key) {
  one.querySelector("textarea").value = "";
  localStorage.removeItem(local(one.dataset.mode));
  one.querySelector("[data-files]").replaceChildren();
  one.querySelector("[data-files]").hidden = true;
  key.value = data.client_key ?? crypto.randomUUID();
  form().dataset.seen = String(Math.max(Number(form().dataset.seen), data.message_id ?? 0));
  dirty = null;
  typingUntil = 0;
  wish.forget();
  recipients.reset(one);
  problem("");
  state("");
  measure();
  done(data);
  present(false);
}

function refused(answer) {
  const code = answer.data?.error?.code;
  problem(answer.data?.error?.message ?? text("unsent"));
  if (code === "deviation_reason_required") {
    wish.ask(); // the field for the reason stands below the sentence that asks for it
    return;
  }
  if (code === "newer_message") {
    document.dispatchEvent(new CustomEvent("otklik:look-again"));
    form().dataset.read = "1"; // the refusal was read: the next click is a decision about what is on the screen
  }
  field()?.focus();
}

document.addEventListener("otklik:look-again", async () => {
  const { refresh } = await import("./thread.js");
  refresh();
});

/* ---------- files ---------- */

async function upload(files) {
  const one = panel();
  if (!one || !files.length) return;
  await flush();
  const body = new FormData();
  body.append("mode", one.dataset.mode);
  for (const file of files) body.append("file", file, file.name || "image.png");
  state("…");
  const answer = await post(form().dataset.filesUrl, body);
  state("");
  if (answer.ok) fill(one, answer.data.files);
  else problem(answer.data?.error?.message ?? text("unsent"));
}

function fill(one, files) {
  const box = one.querySelector("[data-files]");
  box.replaceChildren(...files.map((file) => {
    const remove = el("button", { type: "button", class: "btn o-quiet o-sm o-square", "data-remove-file": true, "aria-label": text("remove", { name: file.name }) }, icon("x", true));
    return el("li", { "data-file": file.id }, icon("clip", true), el("span", { class: "o-cut" }, file.name), el("span", { class: "o-faint" }, file.size), remove);
  }));
  box.hidden = !files.length;
}

async function removeFile(button) {
  const one = button.closest(".o-compose__panel");
  const id = button.closest("[data-file]").dataset.file;
  const answer = await post(`${form().dataset.filesUrl}${id}/remove/`, { mode: one.dataset.mode });
  if (answer.ok) fill(one, answer.data.files);
  else problem(answer.data?.error?.message ?? text("unsent"));
  field()?.focus();
}

/* ---------- templates ---------- */

async function insert(url) {
  document.querySelector("dialog[open]")?.close();
  const area = field();
  if (!area) return;
  try {
    const response = await fetch(url, { headers: { accept: "application/json" } });
    const data = await response.json();
    if (!response.ok) throw new Error(data.error?.message);
    const start = area.selectionStart;
    area.focus();
    area.setRangeText(data.text, start, area.selectionEnd, "end");
    const gap = /\[[^\]\n]*\?\]/.exec(area.value);
    if (gap) area.setSelectionRange(gap.index, gap.index + gap[0].length);
    changed(panel());
  } catch (error) {
    problem(error.message || text("unsent"));
  }
}

/* ---------- names after @ in notes ---------- */

const names = () => document.getElementById("mention-list");
const NAME = /(^|\s)@([\p{L} -]{0,30})$/u;

async function mention() {
  const area = field();
  const box = names();
  const found = modeOf() === "note" && area ? NAME.exec(area.value.slice(0, area.selectionStart)) : null;
  if (!found) {
    box.hidden = true;
    area?.removeAttribute("aria-activedescendant");
    return;
  }
  const response = await fetch(`${form().dataset.colleaguesUrl}?q=${encodeURIComponent(found[2])}`, { headers: { accept: "application/json" } });
  const list = response.ok ? (await response.json()).names : [];
  box.replaceChildren(...list.map((name, i) => el("li", { role: "option", id: `mention-${i}`, "aria-selected": String(i === 0) }, name)));
  box.hidden = !list.length;
  if (list.length) area.setAttribute("aria-activedescendant", "mention-0");
}

function put(name) {
  const area = field();
  const found = NAME.exec(area.value.slice(0, area.selectionStart));
  if (!found) return;
  area.setRangeText(`@${name} `, area.selectionStart - found[2].length - 1, area.selectionStart, "end");
  names().hidden = true;
  area.focus();
  changed(panel());
}

function mentionKey(event) {
  const box = names();
  if (!box || box.hidden) return false;
  const all = [...box.children];
  const now = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
  if (event.code === "ArrowDown" || event.code === "ArrowUp") {
    const next = all[(now + (event.code === "ArrowDown" ? 1 : -1) + all.length) % all.length];
    for (const one of all) one.setAttribute("aria-selected", String(one === next));
    field().setAttribute("aria-activedescendant", next.id);
  } else if (event.code === "Enter" || event.code === "Tab") put(all[now].textContent);
  else if (event.code === "Escape") box.hidden = true;
  else return false;
  event.preventDefault();
  event.stopPropagation();
  return true;
}

/* ---------- listeners: the composer itself comes and goes ---------- */

document.addEventListener("otklik:recipients", (event) => field()?.value.trim() && changed(event.target));
document.addEventListener("input", (event) => {
  const one = event.target.closest?.(".o-compose__panel");
  if (!one) return;
  changed(one);
  if (event.target.matches("textarea")) mention();
});
document.addEventListener("keydown", (event) => {
  if (!event.target.closest?.(".o-compose")) return;
  if (event.target.matches("textarea") && mentionKey(event)) return;
  if (event.target.matches("[role=tab]") && (event.code === "ArrowRight" || event.code === "ArrowLeft")) {
    const tabs = [...document.querySelectorAll(".o-compose [role=tab]")];
    const next = tabs[(tabs.indexOf(event.target) + (event.code === "ArrowRight" ? 1 : -1) + tabs.length) % tabs.length];
    choose(next.dataset.mode, false);
    next.focus();
    event.preventDefault();
    event.stopPropagation();
  }
}, true);
document.addEventListener("submit", (event) => {
  if (event.target.matches?.("[data-send-later]")) {
    event.preventDefault();
    event.stopImmediatePropagation();
    plan(event.target.elements.send_at.value);
    return;
  }
  if (event.target !== form()) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  send();
}, true);
document.addEventListener("click", (event) => {
  const target = event.target.closest?.("[role=tab][data-mode],[data-attach],[data-remove-file],#compose-close,[data-send-at],[data-template],#mention-list li");
  if (!target) return;
  if (target.matches("[role=tab]")) choose(target.dataset.mode);
  else if (target.matches("[data-attach]")) document.getElementById("compose-file").click();
  else if (target.matches("[data-remove-file]")) removeFile(target);
  else if (target.matches("#compose-close")) send(true);
  else if (target.matches("[data-send-at]")) plan(target.dataset.sendAt);
  else if (target.matches("[data-template]")) insert(target.dataset.template);
  else put(target.textContent);
});
document.addEventListener("change", (event) => {
  if (event.target.id !== "compose-file") return;
  upload([...event.target.files]);
  event.target.value = "";
});
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length || !event.target.closest?.(".o-compose")) return;
  event.preventDefault();
  upload(files);
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    if (!event.target.closest?.("#pane-thread") || !form() || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    form().classList.toggle("is-over", kind === "dragover");
    if (kind === "drop") upload([...event.dataTransfer.files]);
  });
}
addEventListener("pagehide", () => flush(true));
document.addEventListener("visibilitychange", () => document.hidden && flush(true));
document.addEventListener("otklik:online", () => panel() && field()?.value && save(panel()));

/* ---------- keys ---------- */

const group = text("groupC");
const answerTabs = () => [...document.querySelectorAll(".o-compose [role=tab]:not([data-mode=note])")];
const open = (tab) => (tab ? choose(tab.dataset.mode) : false);
keys.register("KeyR", () => open(answerTabs()[0]), { label: text("reply"), group });
keys.register("Shift+KeyR", () => open(answerTabs()[1] ?? answerTabs()[0]), { label: text("reply2"), group });
keys.register("KeyN", () => choose("note"), { label: text("note"), group });
keys.register("Ctrl+Enter", (event) => {
  if (!event.target.closest?.(".o-compose")) return false;
  send();
  return true;
}, { label: text("send"), group, combo: true });

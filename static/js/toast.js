// One short notice at a time, bottom left, with "Undo" where there is one.
//
//   import { toast } from "./toast.js";
//   toast.show("Закрыто 3 обращения", { undo: "/conversations/undo/17/" });   // address: POST
//   toast.show("Уйдёт через 8 с", { undo: () => takeBack(), seconds: 8, label: "Вернуть" });
//
// A server answers with HX-Trigger: {"otklik:toast": {"text": "…", "undo": "/address/", "seconds": 10}}.
// Errors are never toasts: they go to #o-alerts.
import { keys } from "./keys.js";
import { csrf, el, icon, word } from "./words.js";

const SECONDS = 8;
let current = null;

class Toast {
  constructor(text, { undo = null, seconds = SECONDS, label = "", onEnd = null } = {}) {
    this.undoAction = undo;
    this.onEnd = onEnd;
    this.left = seconds * 1000;
    this.holds = new Set();
    this.node = el("div", { class: "o-toast" }, el("span", { class: "o-toast__t" }, text));
    if (undo) {
      const button = el("button", { type: "button", class: "btn o-sm" }, label || word("undo"), " ", el("kbd", {}, "Z"));
      button.addEventListener("click", () => this.undo());
      this.node.append(button);
    }
    const close = el("button", { type: "button", class: "btn o-quiet o-sm o-square", "aria-label": word("close") });
    close.append(icon("x"));
    close.addEventListener("click", () => this.end());
    this.node.append(close);
    this.hold("pointerenter", "pointerleave", "pointer");
    this.hold("focusin", "focusout", "focus");
    document.getElementById("o-toast")?.replaceChildren(this.node);
    this.run();
  }

  hold(start, stop, why) {
    this.node.addEventListener(start, () => this.pause(why));
    this.node.addEventListener(stop, () => this.resume(why));
  }

  pause(why) {
    if (!this.holds.size) {
      clearTimeout(this.timer);
      this.left -= performance.now() - this.since;
    }
    this.holds.add(why);
  }

  resume(why) {
    if (this.holds.delete(why) && !this.holds.size) this.run();
  }

  run() {
    this.since = performance.now();
    this.timer = setTimeout(() => this.end(), Math.max(this.left, 1500));
  }

  undo() {
    const action = this.undoAction;
    this.undoAction = null;
    this.end();
    if (typeof action === "function") action();
    else if (action) post(action);
  }

  end() {
    clearTimeout(this.timer);
    this.node.remove();
    if (current === this) current = null;
    this.onEnd?.();
  }
}

function post(url) {
  if (window.htmx) {
    window.htmx.ajax("POST", url, { target: "body", swap: "none" });
    return;
  }
  fetch(url, { method: "POST", headers: { "x-csrftoken": csrf() } });
}

/** Show `text`; the one shown before goes. Returns the toast ({undo(), end()}). */
function show(text, options = {}) {
  current?.end();
  current = new Toast(text, options);
  return current;
}

/** Undo what the visible toast offers; false when there is nothing. */
function undo() {
  if (!current?.undoAction) return false;
  current.undo();
  return true;
}

document.addEventListener("otklik:toast", (event) => show(event.detail.text, event.detail));
document.addEventListener("visibilitychange", () => current?.[document.hidden ? "pause" : "resume"]("hidden"));
keys.register("KeyZ", undo, { label: word("undoLast"), group: word("keysGeneral") });

export const toast = { show, undo };

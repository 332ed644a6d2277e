// What every page does: keys, live updates, palette, toasts, dialogs, errors, busy controls, presence, theme.
//
// In HTML: data-action="close" (dialog) · "dismiss" (alert) · "theme" · "palette" · "help" · "print"
//          data-dialog="#id" opens a <dialog> of the page; a <dialog data-open> that htmx brings opens itself
//          data-copy="text or #id" copies · data-autosubmit on a form: sends itself on change · data-now on <time>
//          aria-busy on a control: busy, same width
import "./counts.js";
import { keys } from "./keys.js";
import { live } from "./live.js";
import * as notify from "./notify.js";
import { otherLayout, palette } from "./palette.js";
import { toast } from "./toast.js";
import { csrf, el, icon, word } from "./words.js";

/* ---------- errors: never a toast, always a way out ---------- */

/** Show a sentence in #o-alerts; `retry` is called by its button. */
export function alertUser(text, { retry = null, href = "", label = "" } = {}) {
  const box = el("div", { class: "o-alert" }, icon("block"), el("span", { class: "o-grow" }, text));
  if (retry) {
    const again = el("button", { type: "button", class: "btn o-sm" }, word("retry"));
    again.addEventListener("click", () => {
      box.remove();
      retry();
    });
    box.append(again);
  }
  if (href) box.append(el("a", { class: "btn o-sm", href, target: "_blank", rel: "noopener" }, label));
  box.append(el("button", { type: "button", class: "btn o-quiet o-sm o-square", "data-action": "dismiss", "aria-label": word("close") }, icon("x")));
  document.getElementById("o-alerts").replaceChildren(box);
}

function retryOf(detail) {
  const { verb, path, target, elt } = detail.requestConfig ?? {};
  if (verb !== "get" || !path) return null; // a change is repeated by the person, with what stands in the form
  return () => window.htmx.ajax("GET", path, { target, source: elt });
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status < 400 || xhr.getResponseHeader("HX-Retarget") || xhr.status === 422) return;
  event.detail.shouldSwap = false; // somebody else's page (a proxy, a dead server) never lands in a pane
  alertUser(word(xhr.status >= 500 ? "errorServer" : "errorRequest"), { retry: retryOf(event.detail) });
});
for (const kind of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(kind, (event) => alertUser(word("errorNetwork"), { retry: retryOf(event.detail) }));
}
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!event.detail.elt?.closest?.("#o-alerts")) document.getElementById("o-alerts")?.replaceChildren();
});

/* ---------- busy: the control says so itself and keeps its width ---------- */

const busy = (node, on) => {
  if (!node?.matches?.("button,.btn,a")) return;
  if (on) node.setAttribute("aria-busy", "true");
  else node.removeAttribute("aria-busy");
};
document.addEventListener("htmx:beforeRequest", (event) => {
  event.detail.elt.otklikBusy = event.detail.requestConfig?.triggeringEvent?.submitter ?? event.detail.elt;
  busy(event.detail.elt.otklikBusy, true);
});
document.addEventListener("htmx:afterRequest", (event) => busy(event.detail.elt?.otklikBusy, false));
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.matches("[hx-post],[hx-get],[hx-put],[hx-delete],[data-download]")) return;
  if (form.dataset.sent) {
    event.preventDefault(); // a second click sends nothing twice
    return;
  }
  form.dataset.sent = "1";
  busy(event.submitter, true);
});
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const node of document.querySelectorAll("[aria-busy=true]")) busy(node, false);
});

document.querySelector(".o-tabs--page [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }); // tabs may be wider than a phone

/* ---------- dialogs ---------- */

function openDialog(dialog) {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  (dialog.querySelector("[autofocus]") ?? dialog.querySelector("input:not([type=hidden]),select,textarea,button"))?.focus();
}
function openArrived(root) {
  for (const dialog of root.querySelectorAll?.("dialog[data-open]:not([open])") ?? []) {
    dialog.addEventListener("close", () => dialog.remove(), { once: true });
    openDialog(dialog);
  }
}
document.addEventListener("htmx:afterSettle", () => openArrived(document));
document.addEventListener("mousedown", (event) => {
  // a press on the backdrop closes; a drag that began inside does not
  if (event.target instanceof HTMLDialogElement && event.target.open && !event.target.dataset.keep) {
    const box = event.target.getBoundingClientRect();
    const outside = event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
    if (outside) event.target.close();
  }
});

/* ---------- theme ---------- */

function switchTheme() {
  const root = document.documentElement;
  const theme = root.dataset.bsTheme === "dark" ? "light" : "dark";
  root.dataset.bsTheme = theme;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax${secure}`;
  const url = document.body.dataset.themeUrl;
  if (url) fetch(url, { method: "POST", headers: { "x-csrftoken": csrf() }, body: new URLSearchParams({ theme }), keepalive: true });
}

/* ---------- one listener for all small actions ---------- */

const ACTIONS = {
  close: (node) => node.closest("dialog")?.close(),
  dismiss: (node) => node.closest(".o-alert,.o-callout")?.remove(),
  theme: switchTheme,
  help: () => keys.help(),
  print: () => window.print(),
};
document.addEventListener("click", (event) => {
  const node = event.target.closest?.("[data-action],[data-dialog],[data-copy],[aria-busy=true],[aria-disabled=true]");
  if (!node) return;
  if (node.matches("[aria-busy=true],a[aria-disabled=true],button[aria-disabled=true]")) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  if (node.dataset.dialog) openDialog(document.querySelector(node.dataset.dialog));
  else if (node.dataset.copy !== undefined) copy(node);
  else ACTIONS[node.dataset.action]?.(node);
}, true);

async function copy(node) {
  const source = node.dataset.copy;
  const from = source.startsWith("#") ? document.querySelector(source) : null;
  const text = from ? (from.value ?? from.textContent) : source;
  try {
    await navigator.clipboard.writeText(text.trim());
    toast.show(word("copied"));
  } catch {
    from?.select?.();
    alertUser(word("copyYourself"));
  }
}
document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-autosubmit]");
  if (form) form.requestSubmit();
});

/* ---------- going between sections, panes, and back ---------- */

for (const node of document.querySelectorAll(".o-side [data-go]")) {
  keys.register(`KeyG ${node.dataset.go}`, () => node.click(), { label: node.title || node.innerText.trim(), group: word("keysGo") });
}
keys.register("F6", () => nextPane(1), { label: word("nextPane"), group: word("keysGeneral"), combo: true });
keys.register("Shift+F6", () => nextPane(-1), { combo: true });
keys.register("Slash", () => {
  const field = document.querySelector("[data-search]:not([hidden])");
  field?.focus();
  field?.select?.();
  return Boolean(field);
}, { label: word("searchHere"), group: word("keysGeneral") });

function nextPane(by) {
  const panes = [...document.querySelectorAll(".o-side,.o-pane,main:not(:has(.o-pane))")].filter((pane) => pane.getClientRects().length);
  if (!panes.length) return;
  const now = panes.findIndex((pane) => pane.contains(document.activeElement));
  const pane = panes[(now + by + panes.length) % panes.length];
  // parts meant for phones are in the page, too
  const shown = (rule) => [...pane.querySelectorAll(rule)].find((node) => node.getClientRects().length);
  (shown("[aria-current=true],[aria-current=page]") ?? shown("[tabindex='0'],a[href],button,input,textarea") ?? pane).focus();
}

/* ---------- on the way to another page: the shape of it after 300 ms, drawn by the style sheet ---------- */

const going = (where) => {
  if (where) document.documentElement.dataset.going = where;
  else delete document.documentElement.dataset.going;
};
let arrival = 0;
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const inSection = link.closest(".o-nav--views,.o-list") && document.querySelector("main.o-inbox");
  if (!inSection && !link.closest(".o-nav,.o-bottom")) return;
  if (link.target || link.matches("[hx-get],[data-back],[data-download]")) return;
  going(inSection ? "list" : "page");
  clearTimeout(arrival);
  arrival = setTimeout(going, 15000); // whoever stopped the loading by hand gets the page back
});
document.addEventListener("submit", ({ target, defaultPrevented }) => {
  if (!defaultPrevented && target.method === "get" && target.matches(".o-search,.o-filterform")) going("list");
});
addEventListener("pageshow", () => going());
keys.register("Escape", () => {
  if (document.documentElement.dataset.going) going();
  return false;
});

/* ---------- connection ---------- */

document.addEventListener("otklik:offline", () => {
  const bar = document.getElementById("o-offline");
  if (bar) bar.hidden = false;
});
document.addEventListener("otklik:online", () => {
  const bar = document.getElementById("o-offline");
  if (bar) bar.hidden = true;
});
document.addEventListener("otklik:event", ({ detail }) => {
  // a person's own presence or rights changed elsewhere; screens listen to the rest themselves
  if (detail.topic === "staff.presence" && String(detail.payload.user_id) === document.body.dataset.user) {
    const select = document.getElementById("o-presence");
    if (select && detail.payload.presence) select.value = detail.payload.presence;
  }
});

/* ---------- messages that came with the page ---------- */

for (const node of document.querySelectorAll("#o-messages [data-text]")) {
  if (node.dataset.level === "error") alertUser(node.dataset.text);
  else toast.show(node.dataset.text, { undo: node.dataset.undo || null });
}
for (const form of document.querySelectorAll("form[data-autosubmit] noscript")) form.remove();
document.querySelector("[aria-invalid=true]")?.focus();

live.start();
notify.start(alertUser);
openArrived(document);

export { keys, otherLayout, palette, toast };

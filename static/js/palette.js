// Ctrl K: people, numbers, orders from the server, then actions of this page (elements with data-palette or data-key).
// Understands the wrong keyboard layout: "kfgntdf" finds Лаптева, "шытщьу" is tried as "isnome" too.
import { keys } from "./keys.js";
import { el, icon, word } from "./words.js";

const LATIN = "`qwertyuiop[]asdfghjkl;'zxcvbnm,.";
const CYRILLIC = "ёйцукенгшщзхъфывапролджэячсмитьбю";

/** The same keys in the other layout. */
export function otherLayout(text) {
  return [...text.toLowerCase()]
    .map((sign) => {
      const latin = LATIN.indexOf(sign);
      if (latin >= 0) return CYRILLIC[latin];
      const cyrillic = CYRILLIC.indexOf(sign);
      return cyrillic >= 0 ? LATIN[cyrillic] : sign;
    })
    .join("");
}

let dialog = null;
let input = null;
let list = null;
let asked = 0;
let timer = 0;
let controller = null;
let waiting = false; // for the answer of the server
let chosen = null; // Enter pressed before it came

function actions(query) {
  const wanted = [query.toLowerCase(), otherLayout(query)];
  const seen = new Set();
  const found = [];
  for (const node of document.querySelectorAll("[data-palette],[data-key],[data-go]")) {
    const label = (node.dataset.palette || node.getAttribute("aria-label") || node.title || node.innerText || "").trim().replace(/\s+/g, " ");
    if (!label || seen.has(label) || node.closest("dialog") || node.getAttribute("aria-disabled") === "true") continue;
    if (node.dataset.palette === undefined && !node.getClientRects().length) continue;
    if (query && !wanted.some((part) => label.toLowerCase().replace(/ё/g, "е").includes(part.replace(/ё/g, "е")))) continue;
    seen.add(label);
    const near = node.closest("#pane-thread") ? 0 : node.closest("main") ? 1 : node.dataset.go ? 3 : 2;
    found.push({ near, title: label, icon: node.dataset.paletteIcon || signOf(node), code: node.dataset.key || (node.dataset.go ? `KeyG ${node.dataset.go}` : ""), run: () => act(node) });
  }
  // what is open comes first, then this page, then the way to others
  return found.sort((a, b) => a.near - b.near).slice(0, query ? 8 : 24);
}

/** The node's own icon, so that an action looks the same in both places. */
const signOf = (node) => node.querySelector("use")?.getAttribute("href")?.split("#")[1] || "right";

function act(node) {
  dialog.close();
  if (node.matches("input,textarea,select")) node.focus();
  else node.click();
}

function option(item, number) {
  const row = el("li", { role: "option", id: `o-palette-${number}`, "aria-selected": number === 0 ? "true" : "false" });
  row.append(icon(item.icon), el("span", { class: "o-grow o-cut" }, item.title, item.sub ? el("span", { class: "o-faint" }, `  ${item.sub}`) : ""));
  if (item.note) row.append(el("span", { class: "o-small o-faint" }, item.note));
  if (item.code) row.append(...keys.pretty(item.code).map((part) => el("kbd", {}, part)));
  row.addEventListener("click", (event) => run(item, event));
  row.addEventListener("pointermove", () => select(row));
  row.item = item;
  return row;
}

function runSelected(event) {
  const row = options().find((each) => each.getAttribute("aria-selected") === "true");
  if (row) run(row.item, event);
}

function run(item, event) {
  if (item.run) item.run();
  else if (event?.ctrlKey || event?.metaKey) window.open(item.url, "_blank", "noopener");
  else location.assign(item.url);
}

function render(groups) {
  let number = 0;
  list.replaceChildren();
  for (const [title, items] of groups) {
    if (!items.length) continue;
    const head = `o-palette-h-${number}`;
    const group = el("ul", { role: "group", "aria-labelledby": head });
    for (const item of items) group.append(option(item, number++));
    list.append(el("h3", { id: head, role: "presentation" }, title), group);
  }
  const nothing = number === 0 && input.value.trim() !== "";
  if (nothing) list.append(el("p", { class: "o-palette__none" }, word("paletteNothing", { query: input.value.trim() })));
  dialog.querySelector("[role=status]").textContent = nothing ? "" : word("paletteFound", { count: String(number) });
  input.setAttribute("aria-activedescendant", number ? "o-palette-0" : "");
}

const options = () => [...list.querySelectorAll("[role=option]")];

function select(row) {
  for (const each of options()) each.setAttribute("aria-selected", String(each === row));
  input.setAttribute("aria-activedescendant", row?.id ?? "");
}

function step(by) {
  const rows = options();
  if (!rows.length) return;
  const now = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
  const next = rows[(now + by + rows.length) % rows.length];
  select(next);
  next.scrollIntoView({ block: "nearest" });
}

function search() {
  const query = input.value.trim();
  clearTimeout(timer);
  controller?.abort();
  chosen = null;
  waiting = query.length >= 2;
  if (!waiting) {
    render([[word("paletteActions"), actions(query)]]);
    return;
  }
  timer = setTimeout(() => ask(query), 120);
}

async function ask(query) {
  const mine = (asked += 1);
  controller = new AbortController();
  let groups = [];
  try {
    const response = await fetch(`${dialog.dataset.url}?q=${encodeURIComponent(query)}`, { signal: controller.signal, headers: { accept: "application/json" } });
    if (response.ok) groups = (await response.json()).groups;
  } catch (error) {
    if (error.name === "AbortError") return;
  }
  if (mine !== asked || !dialog.open) return;
  waiting = false;
  render([...groups.map((group) => [group.title, group.items]), [word("paletteActions"), actions(query)]]);
  if (chosen) runSelected(chosen);
}

function build() {
  dialog = el("dialog", { class: "o-dialog o-palette", "aria-label": word("palette"), "data-url": document.body.dataset.paletteUrl });
  input = el("input", {
    type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "o-palette-list", "aria-autocomplete": "list",
    "aria-label": word("palette"), placeholder: word("paletteHint"), autocomplete: "off", spellcheck: "false",
  });
  list = el("div", { id: "o-palette-list", role: "listbox", "aria-label": word("palette"), class: "o-palette__l" });
  dialog.append(
    el("div", { class: "o-palette__q" }, icon("search"), input, el("kbd", {}, "Esc")),
    list,
    el("div", { class: "visually-hidden", role: "status" }),
  );
  input.addEventListener("input", search);
  input.addEventListener("keydown", (event) => {
    if (event.code === "ArrowDown" || event.code === "ArrowUp") {
      event.preventDefault();
      step(event.code === "ArrowDown" ? 1 : -1);
    } else if (event.code === "Enter" && !event.isComposing) {
      event.preventDefault();
      if (waiting) chosen = event; // who types fast means what will be found, not what stood there before
      else runSelected(event);
    }
  });
  document.body.append(dialog);
}

/** Open the palette, with `query` already typed. */
export function open(query = "") {
  if (!document.body.dataset.paletteUrl) return;
  if (!dialog) build();
  if (dialog.open) {
    input.select();
    return;
  }
  input.value = query;
  dialog.showModal();
  search();
}

keys.register("Ctrl+KeyK", () => open(), { label: word("palette"), group: word("keysGeneral"), combo: true, dialog: true });
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-action=palette]")) open();
});
export const palette = { open };

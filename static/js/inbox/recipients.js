// To whom a letter goes: chips of addresses, one more by typing or pasting, everybody at one click.
import { el, icon } from "../words.js";

const ADDRESS = /^[^@\s,;:<>()[\]"\\]+@[^@\s,;:<>()[\]"\\]+\.[^@\s,;:<>()[\]"\\]+$/;
const listOf = (row) => row.querySelector("ul");
const addressesOf = (row) => [...row.querySelectorAll("[data-address]")].map((one) => one.dataset.address);

/** The fields of a panel: addresses of both rows, and what stands in a field but is no chip yet. */
export function values(panel) {
  const box = panel.querySelector("[data-recipients]");
  if (!box) return {};
  const found = { addressed: "1" };
  for (const row of box.querySelectorAll("[data-field]")) {
    const typed = row.querySelector("input").value.trim();
    found[row.dataset.field] = [...addressesOf(row), ...(typed ? [typed] : [])].join(", ");
  }
  return found;
}

function chip(address, words) {
  const name = words.replace("%(name)s", address);
  const node = el("li", { class: "o-chip", "data-address": address, title: address }, el("span", { class: "o-cut" }, address), el("button", { type: "button", class: "o-chip__x", "data-take-away": true, "aria-label": name }, icon("x", true)));
  if (!ADDRESS.test(address)) node.classList.add("is-wrong");
  return node;
}

/** What was typed becomes chips; what is there already is not doubled. Says whether something changed. */
function take(field) {
  const row = field.closest("[data-field]");
  const box = row.closest("[data-recipients]");
  const there = new Set([...box.querySelectorAll("[data-field] [data-address]")].map((one) => one.dataset.address.toLowerCase()));
  const found = field.value.split(/[,;\n]+/).map((one) => (/<([^<>]+)>/.exec(one)?.[1] ?? one).trim()).filter(Boolean);
  for (const address of found) {
    if (!there.has(address.toLowerCase())) listOf(row).append(chip(address, box.dataset.remove));
    there.add(address.toLowerCase());
  }
  field.value = "";
  return found.length > 0;
}

/** The letter is gone: the next one goes to who wrote, copies are chosen anew. */
export function reset(panel) {
  const box = panel.querySelector("[data-recipients]");
  if (!box) return;
  const all = box.querySelector("[data-reply-all]");
  if (all) all.hidden = false;
  const rows = { to: box.querySelector("template[data-proposed]").content, cc: new DocumentFragment() };
  for (const [name, content] of Object.entries(rows)) {
    listOf(box.querySelector(`[data-field=${name}]`)).replaceChildren(document.importNode(content, true));
  }
}

function said(node) {
  node.closest(".o-compose__panel")?.dispatchEvent(new CustomEvent("otklik:recipients", { bubbles: true }));
}

document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (!field.matches?.("[data-recipients] input")) return;
  if (["Enter", "Comma", "Semicolon"].includes(event.code) || event.key === "," || event.key === ";") {
    if (event.code === "Enter" && (event.ctrlKey || event.metaKey)) return;
    if (event.code !== "Enter" && event.key !== "," && event.key !== ";") return;
    event.preventDefault();
    event.stopPropagation();
    if (take(field)) said(field);
  } else if (event.code === "Backspace" && !field.value) {
    const last = listOf(field.closest("[data-field]")).lastElementChild;
    if (!last) return;
    last.remove();
    said(field);
  }
}, true);
document.addEventListener("focusout", (event) => {
  if (event.target.matches?.("[data-recipients] input") && take(event.target)) said(event.target);
});
document.addEventListener("paste", (event) => {
  const field = event.target.closest?.("[data-recipients] input");
  if (!field) return;
  setTimeout(() => /[,;\n<]/.test(field.value) && take(field) && said(field), 0);
});
document.addEventListener("click", (event) => {
  const away = event.target.closest?.("[data-take-away]");
  const all = event.target.closest?.("[data-reply-all]");
  if (away) {
    const row = away.closest("[data-field]");
    away.closest("li").remove();
    const all = row.parentElement.querySelector("[data-reply-all]");
    if (all) all.hidden = false;
    row.querySelector("input").focus();
    said(row);
  } else if (all) {
    const box = all.closest("[data-recipients]");
    const there = new Set([...box.querySelectorAll("[data-field] [data-address]")].map((one) => one.dataset.address.toLowerCase()));
    for (const one of box.querySelector("template[data-everybody]").content.children) {
      if (!there.has(one.dataset.address.toLowerCase())) listOf(box.querySelector("[data-field=cc]")).append(document.importNode(one, true));
    }
    all.hidden = true;
    box.querySelector("#rcpt-cc").focus();
    said(box);
  }
});

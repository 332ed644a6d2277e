// Correcting what was read by keys: V opens it on the message in focus, or the customer's last one; arrows choose the
// field, a digit says what is right, Enter that what stands there is. The focus stays, so corrections follow each other.
import { el } from "../words.js";
import { text } from "./dom.js";

let picked = null; // {panel, field}: a row is to be chosen again when its panel was drawn anew

const singlesOff = () => document.body.dataset.singleKeys === "off";
const rowsOf = (panel) => [...panel.querySelectorAll("tr[data-field]")];
const chosen = () => document.querySelector(".o-read tr.is-picked");

function target() {
  const shown = [...document.querySelectorAll("#thread-items .o-read")].filter((node) => node.getClientRects().length);
  return document.activeElement?.closest?.(".o-msg")?.querySelector(".o-read") ?? shown.at(-1) ?? null;
}

/** Open the panel, or choose its first field when it is open already. */
export function open() {
  const panel = target();
  if (!panel) return;
  const first = panel.matches("[data-open]") ? rowsOf(panel)[0] : null;
  if (first) pick(first);
  else {
    picked = { panel: panel.id, field: "" };
    panel.querySelector("[data-read-more]")?.click();
  }
}

/** What may be said of a row: its labels, each with the step that says it. */
function choices(row) {
  const select = row.querySelector("select");
  if (select) {
    return [...select.options].map((option) => ({
      title: option.text,
      on: option.selected,
      say() {
        select.value = option.value;
        select.dispatchEvent(new Event("change", { bubbles: true }));
      },
    }));
  }
  return [...row.querySelectorAll("input[type=checkbox]")].map((box) => ({
    title: box.closest("label").textContent.trim(),
    on: box.checked,
    say() {
      box.checked = !box.checked;
      draw(row);
    },
  }));
}

function pick(row) {
  chosen()?.classList.remove("is-picked");
  row.classList.add("is-picked");
  row.tabIndex = -1;
  draw(row);
  row.focus({ preventScroll: true });
  row.nextElementSibling.scrollIntoView({ block: "nearest" });
  row.scrollIntoView({ block: "nearest" });
}

/** The labels of the chosen row with their digits, right below it. */
function draw(row) {
  row.closest(".o-read").querySelector(".o-read__n")?.remove();
  const buttons = choices(row).map((one, at) => {
    const key = at < 20 ? el("kbd", { "aria-hidden": "true" }, `${at < 10 ? "" : "⇧"}${(at + 1) % 10}`) : "";
    const button = el("button", { type: "button", class: "btn o-sm", tabindex: "-1", "aria-pressed": String(one.on) }, key, " ", one.title);
    button.addEventListener("click", () => say(row, at));
    return button;
  });
  const bar = el("div", { class: "o-read__k", role: "group", "aria-label": row.querySelector("th").textContent }, ...buttons, el("span", { class: "o-faint" }, text("correctKeys")));
  row.after(el("tr", { class: "o-read__n" }, el("td", { colspan: "3" }, bar)));
}

function say(row, at) {
  const one = choices(row)[at];
  if (!one) return;
  picked = { panel: row.closest(".o-read").id, field: row.dataset.field };
  one.say();
}

/** What stands there is right; several labels are saved as they are ticked. */
function agree(row) {
  picked = { panel: row.closest(".o-read").id, field: row.dataset.field };
  if (row.querySelector("input[type=checkbox]")) row.querySelector("form").requestSubmit();
  else row.querySelector("form > button")?.click();
}

function leave(row) {
  picked = null;
  row.closest(".o-read").querySelector("[data-read-more]")?.click();
}

document.addEventListener("keydown", (event) => {
  const row = chosen();
  if (!row || !row.contains(document.activeElement) || document.activeElement.matches("select, input, summary")) return;
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  const rows = rowsOf(row.closest(".o-read"));
  const at = rows.indexOf(row);
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1];
  if (event.key === "ArrowDown" || event.key === "ArrowUp") pick(rows[Math.min(Math.max(at + (event.key === "ArrowDown" ? 1 : -1), 0), rows.length - 1)]);
  else if (digit && !singlesOff()) say(row, ((Number(digit) + 9) % 10) + (event.shiftKey ? 10 : 0));
  else if (event.key === "Enter" && document.activeElement === row) agree(row);
  else if (event.key === "Escape") leave(row);
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);

document.addEventListener("htmx:afterSettle", () => {
  const panel = picked && document.getElementById(picked.panel);
  if (!panel?.matches("[data-open]")) return;
  const rows = rowsOf(panel);
  const row = rows.find((one) => one.dataset.field === picked.field) ?? rows[0];
  picked = null;
  if (row) pick(row);
});

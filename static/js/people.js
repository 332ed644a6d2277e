// Customers: keys and focus of parts edited in place. Loaded by the pages of customers and by the inbox.
const single = () => document.body.dataset.singleKeys !== "off";
const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.(".p-form");
  if (event.code === "Escape") {
    const menu = event.target.closest?.("details.p-menu[open], details.p-add[open]");
    const cancel = form?.querySelector("[data-action='people-cancel']");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (cancel) {
      cancel.click();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  } else if (form && (event.code === "Enter" || event.code === "NumpadEnter") && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  } else if (event.code === "Slash" && single() && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target)) {
    const search = document.getElementById("people-q");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  }
});

// focus goes into the form when it opens and back to the pencil when it closes
document.addEventListener("htmx:afterSettle", (event) => {
  const part = event.target.closest?.("[data-part]") ?? event.detail?.elt?.closest?.("[data-part]");
  if (!part) return;
  const wrong = part.querySelector("[aria-invalid='true']");
  const first = wrong ?? part.querySelector(".p-form [autofocus]") ?? part.querySelector(".p-edit");
  (part.querySelector(".p-choice input:checked") && !wrong ? part.querySelector(".p-choice input:checked") : first)?.focus();
});

// one menu at a time, closed by a click beside it
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.p-menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// The inbox: starts its parts and listens to what htmx brings.
import { keys } from "../keys.js";
import { count } from "../counts.js";
import { main, text } from "./dom.js";
import * as list from "./list.js";
import * as thread from "./thread.js";
import * as composer from "./composer.js";
import "./actions.js";
import "./live.js";
import "./mail.js";

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target?.id === "pane-thread") composer.flush();
});
document.addEventListener("htmx:afterSettle", (event) => {
  const target = event.detail.target;
  if (target?.id === "pane-thread" || event.detail.elt?.id === "pane-thread") thread.opened();
  if (event.target.id === "rows" || event.target.closest?.("#rows")) list.showBulk();
});
document.addEventListener("htmx:historyRestore", () => thread.opened());
// the list and the open conversation stay one page: Back on a phone shows the pane its address names
addEventListener("popstate", () => {
  const parts = location.pathname.split("/").filter(Boolean);
  if (main()) main().dataset.pane = parts.length > 2 ? "card" : parts.length > 1 ? "thread" : "list";
});

keys.register("Escape", () => {
  const menu = document.querySelector("details.o-menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
    return true;
  }
  const card = document.querySelector("#pane-card.is-open");
  if (card) return thread.toggleCard(false);
  if (list.bulk.any()) {
    list.bulk.none();
    return true;
  }
  const active = document.activeElement;
  if (active?.closest(".o-compose")) {
    composer.flush();
    document.getElementById("thread-scroll")?.focus();
    return true;
  }
  if (active?.closest("#pane-thread, #pane-card, .o-search")) {
    (document.querySelector("#rows [aria-current=true]") ?? document.querySelector("#rows a.o-row"))?.focus();
    return true;
  }
  return false;
}, { label: text("escape"), group: text("group"), combo: true });

// fetched when it is first used: most of the day nobody corrects
keys.register("KeyV", () => {
  if (!document.querySelector("#thread-items .o-read")) return false;
  import("./correct.js").then((correct) => correct.open());
  return true;
}, { label: text("correct"), group: text("groupC") });

thread.opened();
count();

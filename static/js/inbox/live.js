// What happens elsewhere shows here without a reload: the line, the thread, the numbers; never focus, scroll or text.
import { currentId, later, text } from "./dom.js";
import * as list from "./list.js";
import * as thread from "./thread.js";

const me = document.body.dataset.user;
const whoIsHere = later(() => thread.present(), 200);

document.addEventListener("otklik:event", ({ detail }) => {
  const { topic, payload } = detail;
  const id = String(payload?.conversation_id ?? "");
  if (topic === "staff.notified") {
    if (String(payload.user_id) === me) {
      list.touch(id);
      list.count();
    }
    return;
  }
  if (!["message.created", "message.changed", "conversation.changed", "conversation.presence"].includes(topic)) return;
  list.touch(id);
  if (topic === "conversation.presence") {
    if (id === currentId() && String(payload.user_id) !== me) whoIsHere();
    return;
  }
  if (id === currentId()) thread.refresh();
  list.count();
  if (topic === "message.created" && payload.direction === "in" && String(payload.assignee_id ?? "") === me) announce(id);
});
document.addEventListener("otklik:resync", () => {
  list.reload();
  thread.refresh();
  list.count();
});

/* ---------- a notice of the desktop, only after permission was given by a click ---------- */

const asked = later(() => {
  if (!("Notification" in window) || Notification.permission !== "default" || localStorage.getItem("otklik-notify") !== "on") return;
  Notification.requestPermission();
}, 10);
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-notify]")) return;
  localStorage.setItem("otklik-notify", "on");
  asked();
});

function announce(id) {
  if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
  const name = document.querySelector(`#row-${CSS.escape(id)} .o-row__who`)?.textContent ?? `№${id}`;
  const note = new Notification(text("notify", { name }), { tag: `otklik-${id}` });
  note.onclick = () => {
    window.focus();
    location.assign(`/inbox/${id}/`);
  };
}

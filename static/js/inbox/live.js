// What happens elsewhere shows here without a reload: the line, the thread, the numbers; never focus, scroll or text.
import { currentId, later } from "./dom.js";
import * as list from "./list.js";
import * as thread from "./thread.js";

const me = document.body.dataset.user;
const whoIsHere = later(() => thread.present(), 200);

document.addEventListener("otklik:event", ({ detail }) => {
  const { topic, payload } = detail;
  const id = String(payload?.conversation_id ?? "");
  if (topic === "staff.notified") {
    if (String(payload.user_id) === me) list.touch(id);
    return;
  }
  if (!["message.created", "message.changed", "conversation.changed", "conversation.presence"].includes(topic)) return;
  list.touch(id);
  if (topic === "conversation.presence") {
    if (id === currentId() && String(payload.user_id) !== me) whoIsHere();
    return;
  }
  if (id === currentId()) thread.refresh();
});
document.addEventListener("otklik:resync", () => {
  list.reload();
  thread.refresh();
});

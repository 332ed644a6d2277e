// A notice of the desktop about a new message in one's own conversation, while Otklik is not on the screen.
// The browser is asked for its permission only by a click on a [data-notify] button; another click ends it.
import { toast } from "./toast.js";
import { word } from "./words.js";

const me = document.body.dataset.user;
const KEY = `otklik-notify-${me}`;
const HEARD_MS = 300; // how long other tabs have to say that they are on the screen
const supported = "Notification" in window;
const isOn = () => supported && Notification.permission === "granted" && localStorage.getItem(KEY) === "on";

function paint() {
  for (const node of document.querySelectorAll("[data-notify]")) node.setAttribute("aria-pressed", String(isOn()));
}

/** `refuse` shows a sentence that explains a refusal of the browser. */
export function start(refuse) {
  paint();
  document.addEventListener("htmx:afterSettle", paint);
  document.addEventListener("click", async (event) => {
    if (!event.target.closest?.("[data-notify]")) return;
    if (isOn()) {
      localStorage.removeItem(KEY);
      toast.show(word("notifyOff"));
    } else if (supported && (await Notification.requestPermission()) === "granted") {
      localStorage.setItem(KEY, "on");
      toast.show(word("notifyOn"));
    } else refuse(word("notifyRefused"));
    paint();
  });
}

/* ---------- one notice a message, from one tab, and none while any tab is looked at ---------- */

const tabs = new BroadcastChannel(`otklik-tabs-${me}`);
let seen = -Infinity;
tabs.onmessage = ({ data }) => {
  if (data === "anybody?" && !document.hidden) tabs.postMessage("here");
  if (data === "here") seen = performance.now();
};

document.addEventListener("otklik:event", ({ detail: { topic, payload, id } }) => {
  if (topic !== "message.created" || payload.direction !== "in" || String(payload.assignee_id ?? "") !== me) return;
  if (!document.hidden || !isOn()) return;
  navigator.locks.request(`otklik-notice-${id}`, { ifAvailable: true }, (first) => first && announce(String(payload.conversation_id)));
});

async function announce(conversation) {
  const asked = performance.now();
  tabs.postMessage("anybody?");
  const [name] = await Promise.all([nameOf(conversation), new Promise((done) => setTimeout(done, HEARD_MS))]);
  if (seen >= asked) return;
  const note = new Notification(word("notify", { name }), { tag: `otklik-${conversation}` });
  note.onclick = () => {
    window.focus();
    location.assign(`/inbox/${conversation}/`);
  };
  await new Promise((done) => setTimeout(done, 2000)); // the lock outlives the other tabs' turn
}

async function nameOf(conversation) {
  try {
    const response = await fetch(`/inbox/rows/?ids=${conversation}`);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return page.querySelector(".o-row__who")?.textContent ?? `№${conversation}`;
  } catch {
    return `№${conversation}`;
  }
}

// Numbers beside sections and views follow what happens, on every page. Whoever shows more of them listens to
// otklik:counts (detail: the numbers by name).
const url = document.querySelector("[data-counts-url]")?.dataset.countsUrl;
const SOON = 900; // milliseconds after the first change
const EVERY = 4000; // at most that often while somebody looks, and
const HIDDEN = 20000; // while nobody does: the number in the title of the tab may be a little old
const TOPICS = new Set(["message.created", "conversation.changed", "staff.notified"]);

let timer = 0;
let asked = -HIDDEN;

/** Something changed: ask for the numbers soon. */
export function count() {
  if (!url || timer) return;
  const rest = asked + (document.hidden ? HIDDEN : EVERY) - performance.now();
  timer = setTimeout(ask, Math.max(SOON, rest));
}

async function ask() {
  timer = 0;
  asked = performance.now();
  try {
    const response = await fetch(url, { headers: { accept: "application/json" } });
    if (!response.ok || response.redirected) return;
    paint(await response.json());
  } catch {
    // the numbers stay as they were until the connection is back
  }
}

function paint(numbers) {
  for (const node of document.querySelectorAll("[data-view-count]")) {
    const number = numbers[node.dataset.viewCount];
    if (number === undefined) continue;
    const words = number > 999 ? "999+" : number ? String(number) : "";
    if (node.textContent !== words) node.textContent = words;
    if (node.dataset.viewCount === "trouble") node.classList.toggle("o-n--late", number > 0);
  }
  document.dispatchEvent(new CustomEvent("otklik:counts", { detail: numbers }));
}

document.addEventListener("otklik:event", ({ detail }) => {
  // a new reading moves the queue of what the machine is not sure of
  if (TOPICS.has(detail.topic) || (detail.topic === "message.changed" && detail.payload?.change === "read")) count();
});
document.addEventListener("otklik:resync", count);
document.addEventListener("visibilitychange", () => {
  if (document.hidden || !timer) return;
  clearTimeout(timer);
  timer = 0;
  count();
});

// The stream itself, used by the shared worker and, where there is none, by the tab that leads.
// Keeps the last events, so that a tab opened a moment ago gets what happened since its page was made.
(() => {
  const KEPT = 500;
  const WAITS = [1, 2, 4, 8, 15, 30]; // seconds

  /** a > b for cursors "transaction.id" */
  function isAfter(a, b) {
    const [a1, a2] = a.split(".").map(Number);
    const [b1, b2] = b.split(".").map(Number);
    return a1 > b1 || (a1 === b1 && a2 > b2);
  }

  self.otklikStream = (url, cursor, tell) => {
    let last = cursor || "";
    let source = null;
    let timer = 0;
    let failures = 0;
    let online = null;
    let ended = false;
    const start = last;
    const kept = [];

    const state = (now) => {
      if (now !== online) tell({ type: "state", online: now });
      online = now;
    };

    const connect = () => {
      source = new EventSource(last ? `${url}?after=${encodeURIComponent(last)}` : url);
      source.onopen = () => {
        failures = 0;
        state(true);
      };
      source.onmessage = (message) => {
        if (message.lastEventId) last = message.lastEventId;
        const event = { type: "event", id: last, ...JSON.parse(message.data) };
        kept.push(event);
        if (kept.length > KEPT) kept.shift();
        tell(event);
      };
      source.addEventListener("position", (message) => {
        last = message.lastEventId || last;
      });
      source.addEventListener("resync", () => tell({ type: "resync" }));
      source.onerror = () => {
        // EventSource gives up on an error status: we come back ourselves, from where we were
        source.close();
        failures += 1;
        if (failures > 1 || !navigator.onLine) state(false);
        const wait = WAITS[Math.min(failures - 1, WAITS.length - 1)];
        timer = setTimeout(connect, wait * 1000 * (0.75 + Math.random() / 2));
      };
    };

    connect();
    self.addEventListener("online", () => {
      if (ended || online !== false) return;
      clearTimeout(timer);
      source.close();
      connect();
    });

    return {
      /** What happened behind `from`, for a tab that joins; "resync" when it is too long ago. */
      replay(from, answer) {
        if (online === false) answer({ type: "state", online: false });
        if (!from) return;
        const oldest = kept.length < KEPT ? start : kept[0].id;
        if (oldest && isAfter(oldest, from)) answer({ type: "resync" });
        else for (const event of kept) if (isAfter(event.id, from)) answer(event);
      },
      stop() {
        ended = true;
        clearTimeout(timer);
        source.close();
        return null;
      },
    };
  };
})();

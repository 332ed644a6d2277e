// Live updates: one stream per browser, whatever the number of tabs (six connections would hang the seventh).
//
// On `document`: otklik:event   {topic, payload, id}   something happened; fetch what you show of it
//                otklik:resync                         too much was missed: load your lists again
//                otklik:offline, otklik:online         the server cannot be reached, is back
//
// A SharedWorker holds the stream; without one the tab that holds a lock leads and tells the others.
const { live: url, cursor = "", user } = document.body.dataset;

function dispatch(message) {
  if (message.type === "event") {
    const { topic, payload, id } = message;
    document.dispatchEvent(new CustomEvent("otklik:event", { detail: { topic, payload, id } }));
  } else if (message.type === "resync") {
    document.dispatchEvent(new CustomEvent("otklik:resync"));
  } else if (message.type === "state") {
    document.dispatchEvent(new CustomEvent(message.online ? "otklik:online" : "otklik:offline"));
  }
}

function shared() {
  // the name carries the person: after another sign-in nobody inherits a foreign stream
  const worker = new SharedWorker(new URL("live-worker.js", import.meta.url), { name: `otklik-live-${user}` });
  worker.port.onmessage = ({ data }) => dispatch(data);
  worker.port.start();
  const hello = (from) => worker.port.postMessage({ type: "hello", url: new URL(url, location.href).href, cursor: from });
  hello(cursor);
  addEventListener("pagehide", () => worker.port.postMessage({ type: "bye" }));
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    hello("");
    dispatch({ type: "resync" }); // the page slept in the browser's history
  });
}

async function led() {
  const channel = new BroadcastChannel(`otklik-live-${user}`);
  channel.onmessage = ({ data }) => dispatch(data);
  const lead = () => {
    const script = document.createElement("script");
    script.src = new URL("live-stream.js", import.meta.url).href;
    script.onload = () =>
      window.otklikStream(url, cursor, (message) => {
        dispatch(message);
        channel.postMessage(message);
      });
    document.head.append(script);
    return new Promise(() => {}); // held until the tab closes, then the next one leads
  };
  if (navigator.locks) await navigator.locks.request(`otklik-live-${user}`, lead);
  else await lead();
}

/** Begin; called once by shell.js on pages of a signed-in person. */
export function start() {
  if (!url || !user) return;
  if (typeof SharedWorker === "function") shared();
  else led();
}

export const live = { start };

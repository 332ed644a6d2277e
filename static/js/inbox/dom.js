// Small helpers of the inbox: the panes, texts of the page, requests that answer with data.
import { csrf } from "../words.js";

export const main = () => document.querySelector("main.o-inbox");
export const list = () => document.getElementById("pane-list");
export const thread = () => document.querySelector("#pane-thread[data-id]");
export const currentId = () => thread()?.dataset.id ?? "";

/** A text of the page (data-t-NAME of main) with %(x)s replaced. */
export function text(name, values = {}) {
  const raw = main()?.dataset[`t${name[0].toUpperCase()}${name.slice(1)}`] ?? "";
  return raw.replace(/%\((\w+)\)s/g, (whole, key) => values[key] ?? whole);
}

/** POST fields; resolves to {ok, status, data}. A lost connection is {ok: false, status: 0}. */
export async function post(url, values = {}, { keepalive = false } = {}) {
  const body = values instanceof FormData ? values : new URLSearchParams();
  if (!(values instanceof FormData)) {
    for (const [name, value] of Object.entries(values)) {
      for (const one of Array.isArray(value) ? value : [value]) body.append(name, one);
    }
  }
  try {
    const response = await fetch(url, {
      method: "POST", body, keepalive, headers: { accept: "application/json", "x-csrftoken": csrf() },
    });
    // a redirect leads to the sign-in form: nothing was done, and what was typed must stay here
    if (response.redirected || response.status === 401) return { ok: false, status: 401, data: { error: { code: "signed_out", message: text("out") } } };
    const type = response.headers.get("content-type") ?? "";
    const data = type.includes("json") ? await response.json() : null;
    return { ok: response.ok, status: response.status, data };
  } catch {
    return { ok: false, status: 0, data: null };
  }
}

/** GET a fragment as a document; null when it did not come. */
export async function fragment(url) {
  try {
    const response = await fetch(url, { headers: { "x-requested-with": "fetch" } });
    if (!response.ok || response.redirected) return null;
    return new DOMParser().parseFromString(`<body>${await response.text()}`, "text/html");
  } catch {
    return null;
  }
}

/** Run `work` once, `ms` after the last call. */
export function later(work, ms) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...values), ms);
  };
}

/** Put `nodes` (with ids) into `box` in order; a node with the same id and data-v stays as it is, with all it holds. */
export function reconcile(box, nodes) {
  // what goes, goes first: what stays is then in its place already and is not moved (a frame inside would load again)
  const wanted = new Set(nodes.map((node) => node.id));
  for (const known of [...box.children]) if (!wanted.has(known.id)) known.remove();
  let place = box.firstElementChild;
  for (const fresh of nodes) {
    const known = fresh.id ? box.querySelector(`#${CSS.escape(fresh.id)}`) : null;
    const same = known && known.dataset.v === fresh.dataset.v && (known.dataset.v !== undefined || known.outerHTML === fresh.outerHTML);
    if (same && known === place) {
      place = place.nextElementSibling;
      continue;
    }
    if (known) {
      if (known === place) place = place.nextElementSibling;
      known.remove();
    }
    const node = same ? known : document.importNode(fresh, true);
    box.insertBefore(node, place);
    if (!same) window.htmx?.process(node);
  }
  while (place) {
    const next = place.nextElementSibling;
    place.remove();
    place = next;
  }
}

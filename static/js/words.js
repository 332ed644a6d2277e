// Texts of the interface for modules: written by the server into #o-words, so that they follow the person's language.
const holder = document.getElementById("o-words");

/** The text `name` (data-name of #o-words) with %(x)s replaced from `values`. */
export function word(name, values = {}) {
  const text = holder?.dataset[name] ?? name;
  return text.replace(/%\((\w+)\)s/g, (whole, key) => values[key] ?? whole);
}

/** An icon of the sprite, decoration only. */
export function icon(name, small = false) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", small ? "o-i o-i--s" : "o-i");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${holder?.dataset.icons ?? "/static/icons.svg"}#${name}`);
  svg.append(use);
  return svg;
}

/** An element with text and attributes; `children` may be nodes or strings. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

/** Where a POST of ours goes; the token stands in hx-headers of the body. */
export function csrf() {
  try {
    return JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["x-csrftoken"] ?? "";
  } catch {
    return "";
  }
}

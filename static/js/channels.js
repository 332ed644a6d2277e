// Channels: the list follows what happens; the form of a mailbox knows the servers of mail services.
import "./shell.js";

/* ---------- the list: asked for again when a channel changed, never under the pointer's press ---------- */

const list = document.querySelector("[data-refresh]");
if (list) {
  const topics = list.dataset.topics.split(" ");
  let timer = 0;
  const refresh = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (list.contains(document.activeElement)) return; // focus stays where it is; the next change brings it up to date
      window.htmx.ajax("GET", list.dataset.refresh, { target: list, swap: "innerHTML" });
    }, 500);
  };
  document.addEventListener("otklik:event", ({ detail }) => topics.includes(detail.topic) && refresh());
  document.addEventListener("otklik:resync", refresh);
}

/* ---------- the form of a mailbox ---------- */

const form = document.querySelector("form[data-providers]");
if (form) {
  const providers = JSON.parse(form.dataset.providers);
  const field = (name) => form.elements.namedItem(name);
  const touched = new Set(form.dataset.stored === undefined ? [] : ["imap_host", "smtp_host", "imap_port", "smtp_port"]);
  const said = document.getElementById("servers-said");

  const sayServers = () => {
    said.textContent = [field("imap_host").value, field("smtp_host").value].filter(Boolean).join(", ");
  };

  const fill = () => {
    const domain = field("address").value.split("@")[1]?.trim().toLowerCase() ?? "";
    const known = providers[domain];
    document.getElementById("provider-hint").textContent = known?.hint ?? "";
    if (!domain.includes(".")) return;
    const values = known ?? { imap_host: `imap.${domain}`, smtp_host: `smtp.${domain}`, imap_port: 993, smtp_port: 465, imap_security: "tls", smtp_security: "tls", server_files_sent: false };
    for (const [name, value] of Object.entries(values)) {
      const control = field(name);
      if (!control || touched.has(name)) continue; // what a person typed is never overwritten
      if (control.type === "checkbox") control.checked = value;
      else control.value = value;
    }
    sayServers();
  };

  const auth = () => {
    form.dataset.auth = field("auth").value || "password";
  };

  form.addEventListener("input", (event) => {
    if (event.target.name === "address") fill();
    else touched.add(event.target.name);
    if (event.target.name?.endsWith("_host")) sayServers();
  });
  field("auth").addEventListener("change", auth);
  form.addEventListener("change", (event) => {
    const boxes = event.target.closest("[data-folders]");
    if (!boxes) return;
    field("folders").value = [...boxes.querySelectorAll("input:checked")].map((box) => box.value).join("\n");
  });
  document.addEventListener("htmx:afterSettle", () => {
    const chosen = new Set(field("folders").value.split("\n").map((line) => line.trim()));
    if (chosen.size === 1 && chosen.has("")) chosen.add("INBOX");
    for (const box of form.querySelectorAll("[data-folders] input")) box.checked = chosen.has(box.value);
  });
  auth();
  fill();
  sayServers();
}

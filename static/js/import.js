// Import: a file dropped anywhere on its place, the name of a new source only when it is new.
import "./shell.js";

const drop = document.querySelector("[data-drop]");
if (drop) {
  const input = drop.querySelector("input[type=file]");
  let depth = 0;
  const over = (on) => drop.classList.toggle("is-over", on);
  drop.addEventListener("dragenter", (event) => {
    event.preventDefault();
    depth += 1;
    over(true);
  });
  drop.addEventListener("dragover", (event) => event.preventDefault());
  drop.addEventListener("dragleave", () => {
    depth -= 1;
    if (!depth) over(false);
  });
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    over(false);
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    drop.requestSubmit();
  });
}

const form = document.querySelector("[data-import]");
if (form) {
  const source = form.elements.namedItem("source");
  const fresh = form.querySelector("[data-new]");
  const show = () => {
    fresh.hidden = Boolean(source.value);
    fresh.querySelector("input").required = !source.value;
  };
  source.addEventListener("change", show);
  form.addEventListener("change", (event) => event.target.name?.startsWith("col-") && event.target.classList.toggle("is-used", Boolean(event.target.value)));
  // the button sends the form for good; htmx only fetches the preview
  form.querySelector("#go").addEventListener("click", (event) => {
    event.preventDefault();
    if (!form.reportValidity()) return;
    event.target.setAttribute("aria-busy", "true");
    HTMLFormElement.prototype.submit.call(form);
  });
  // source and names change nothing of the preview
  form.querySelector(".o-ch-go").addEventListener("change", (event) => event.stopPropagation());
  show();
}

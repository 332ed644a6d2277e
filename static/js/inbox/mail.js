// A mail as it was designed, in its own sandboxed frame: no scripts, no session, no image from elsewhere unless asked for.

document.addEventListener("click", (event) => {
  const design = event.target.closest?.("[data-mail]");
  if (design) toggle(design);
  const images = event.target.closest?.("[data-images]");
  if (images) show(images);
});

function toggle(button) {
  const body = button.closest(".o-msg__body");
  const known = body.querySelector("iframe");
  const offer = body.querySelector("[data-remote]");
  button.setAttribute("aria-expanded", String(!known));
  if (offer) offer.hidden = Boolean(known);
  if (known) {
    known.remove();
    return;
  }
  const frame = document.createElement("iframe");
  frame.className = "o-frame";
  frame.title = button.dataset.title;
  frame.setAttribute("sandbox", "allow-popups allow-popups-to-escape-sandbox");
  frame.src = button.dataset.mail;
  body.append(frame);
}

/** The images of this one mail; they come through our server. The frame has no session: the page asks for it. */
function show(button) {
  const frame = button.closest(".o-msg__body").querySelector("iframe");
  button.closest("[data-remote]").hidden = true;
  frame.src = button.dataset.images;
  frame.focus();
}

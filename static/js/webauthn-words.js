// allauth's script knows what went wrong only as an exception: here it becomes a sentence.
const place = document.getElementById("o-webauthn");
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const name = event.detail.exception?.name;
  const why = name === "InvalidStateError" ? "known" : name === "SecurityError" || !window.isSecureContext ? "insecure" : "refused";
  place.textContent = place.dataset[why];
  place.hidden = false;
});
(document.querySelector(".o-door__card,.o-allauth") ?? document.body).append(place);

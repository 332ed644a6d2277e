"""What goes wrong with a second opinion, in one sentence that says what to do."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

TROUBLES: dict[str, Any] = {
    "wrong_key": _(
        "The endpoint refuses the key (401). Copy it again from your account there and enter it anew."
    ),
    "forbidden": _(
        "The endpoint knows the key, but does not allow this (403). Look at the rights of the key."
    ),
    "no_model": _(
        "There is no such model at this address (404). Compare the name with the list of the endpoint."
    ),
    "wrong_address": _(
        "Nothing answers questions at this address (404). It usually ends in /v1, without /chat/completions."
    ),
    "moved": _(
        "The address sends on to another one. Enter the final address: a key is never carried elsewhere."
    ),
    "no_money": _(
        "The account at the endpoint has no money or quota left. Top it up, then test the connection."
    ),
    "too_often": _("The endpoint asks for a pause (429). Otklik waits and asks again by itself."),
    "far_fault": _("The endpoint has a fault of its own (%(detail)s). Otklik asks again by itself."),
    "bad_request": _("The endpoint did not understand the question: %(detail)s"),
    "too_long": _("The text is too long for this model."),
    "not_json": _(
        "Something answers at this address, but not in the language of OpenAI (JSON was expected). Check the address."
    ),
    "no_answer": _("The endpoint answered without an answer. Try another model."),
    "refused": _("The model refused to label this text."),
    "unreadable": _("The model did not answer with labels. Try another model."),
    "timeout": _("No answer in %(seconds)s s. Allow more time, or choose a faster model."),
    "cut": _("The connection broke off before the answer was complete. Otklik asks once more."),
    "no_connection": _("Nothing answers at this address. Check the address and whether the server runs."),
    "no_name": _("The name of the server is not known. Check the address for a slip."),
    "tls": _(
        "The certificate of the server cannot be trusted. Repair it there, or enter the name it is made for."
    ),
    "blocked": _(
        "The address leads into the private network. If that is meant, an administrator of the server adds it to "
        "TRUSTED_PRIVATE_HOSTS."
    ),
    "too_large": _("The answer was too large and was not read to its end."),
    "key_lost": _("The stored key cannot be read with this installation's key file. Enter it again."),
    "lost": _("The answer was lost twice. It is not asked a third time: every question may cost money."),
    "budget": _(
        "The budget is used up. Nothing is asked until the next day or month, or until you raise it."
    ),
    "late": _("It could not be asked for a whole day and was given up."),
    "off": _("The second opinion was switched off before this was asked."),
    "changed": _("The text was changed or taken back before this was asked."),
    "settled": _("Nothing was unsure any more when its turn came."),
}

_TOLD = ("far_fault", "bad_request", "timeout")  # sentences with a part from elsewhere
PLAIN = {code: text for code, text in TROUBLES.items() if code not in _TOLD}


def sentence(code: str, detail: str = "", seconds: int = 0) -> str:
    """The trouble in words; a code nobody has words for stands as it is."""
    text = str(TROUBLES.get(code, code))
    return text % {"detail": detail, "seconds": seconds} if "%(" in text else text

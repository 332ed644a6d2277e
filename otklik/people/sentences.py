"""Words for codes: problems of rows, kinds of identities, languages, lines of history."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from otklik.people.engine.mapping import RowProblem

# kind of identity → (name, icon). Kinds are those of channels; an unknown one is shown by its own name.
PREFERRED_CHANNELS = ("mail", "phone", "telegram", "vk", "max", "ok", "webchat")
FILTERED_KINDS = (*("mail", "phone", "telegram", "vk", "max", "ok"), *("chat", "review", "market"))
ADDABLE_KINDS = ("mail", "phone", "telegram", "vk", "max", "ok")

LANGUAGES: dict[str, Any] = {
    "ru": _("Russian"),
    "en": _("English"),
    "uk": _("Ukrainian"),
    "kk": _("Kazakh"),
    "be": _("Belarusian"),
    "uz": _("Uzbek"),
    "ky": _("Kyrgyz"),
    "tg": _("Tajik"),
    "hy": _("Armenian"),
    "ka": _("Georgian"),
    "az": _("Azerbaijani"),
    "tt": _("Tatar"),
    "zh": _("Chinese"),
}

FIELD_TITLES: dict[str, Any] = {
    "number": _("Order number"),
    "ordered_at": _("Order date"),
    "items": _("Items"),
    "total": _("Sum"),
    "outlet_key": _("Shop or outlet"),
    "promised_at": _("Promised by"),
    "delivered_at": _("Delivery date"),
    "paid_at": _("Payment date"),
    "returned_at": _("Return date"),
    "name": _("Customer's name"),
    "email": _("Customer's mail"),
    "phone": _("Customer's phone"),
    "city": _("City"),
    "identity": _("Account in a network"),
}

ROW_PROBLEMS: dict[str, Promise] = {
    "no_number": _("The order has no number. Fill the cell and import the row again."),
    "bad_date": _("“%(value)s” in “%(field)s” is not a date. Write it as 14.11.2025."),
    "bad_sum": _("“%(value)s” is not a sum. Write it as 54990 or 54 990,00."),
    "bad_item": _("“%(value)s” is not an item. Write names divided by “;”, the quantity as “× 2”."),
    "bad_email": _("“%(value)s” is not a mail address."),
    "bad_phone": _("“%(value)s” is not a phone number."),
    "bad_identity": _("“%(value)s” is not an account. Write the network and the id as vk:id147."),
    "too_long": _("The value in “%(field)s” is too long: “%(value)s…”."),
    "not_an_object": _("This is not an object with the fields of an order."),
    "no_customer": _("Nobody to give order %(number)s to: there is neither a mail address nor a phone."),
    "unknown_identity": _("There is no customer with the account %(value)s. Add a mail address or a phone."),
}

FILE_PROBLEMS: dict[str, Promise] = {
    "empty": _("The file is empty. Choose another one."),
    "binary": _("This is not a CSV file. In the spreadsheet choose “Save as” and the format CSV UTF-8."),
    "one_column": _("No delimiter found in the first row. Columns are divided by “;” or “,”."),
    "broken_row": _("A row of the file is broken: a quotation mark is not closed. Save the file anew."),
    "too_large": _("The file is larger than 50 MB. Divide it and import the parts one by one."),
    "number_column": _("Say which column holds the order number: without it nothing can be imported."),
    "gone": _("The uploaded file is not here any more. Choose it again."),
}


def row_sentence(problem: RowProblem) -> str:
    """What is wrong with a row and what to do, without the number of the row."""
    data = dict(problem.data)
    if "field" in data:
        data["field"] = str(FIELD_TITLES.get(data["field"], data["field"]))
    return str(ROW_PROBLEMS[problem.code]) % data if data else str(ROW_PROBLEMS[problem.code])


def numbered(problem: RowProblem) -> str:
    """«Строка 7: …»."""
    return str(_("Row %(row)s: %(sentence)s")) % {"row": problem.row, "sentence": row_sentence(problem)}

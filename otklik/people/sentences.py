"""Words for codes: problems of rows, kinds of identities, languages, lines of history."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from otklik.kernel.languages import LANGUAGES
from otklik.people.engine.hours import Hours
from otklik.people.engine.mapping import RowProblem

__all__ = [
    "ADDABLE_KINDS",
    "FIELD_TITLES",
    "FILE_PROBLEMS",
    "FILTERED_KINDS",
    "LANGUAGES",
    "PREFERRED_CHANNELS",
    "ROW_PROBLEMS",
    "WEEKDAYS",
    "ZONES",
    "hours_sentence",
    "numbered",
    "row_sentence",
    "zone_title",
]

# kind of identity → (name, icon). Kinds are those of channels; an unknown one is shown by its own name.
PREFERRED_CHANNELS = ("mail", "phone", "telegram", "vk", "max", "ok", "webchat")
FILTERED_KINDS = (*("mail", "phone", "telegram", "vk", "max", "ok"), *("chat", "review", "market"))
ADDABLE_KINDS = ("mail", "phone", "telegram", "vk", "max", "ok")

WEEKDAYS = (
    pgettext_lazy("weekday short", "Mon"),
    pgettext_lazy("weekday short", "Tue"),
    pgettext_lazy("weekday short", "Wed"),
    pgettext_lazy("weekday short", "Thu"),
    pgettext_lazy("weekday short", "Fri"),
    pgettext_lazy("weekday short", "Sat"),
    pgettext_lazy("weekday short", "Sun"),
)
# offered in the form, from west to east; any other zone can be written through the API
ZONES: dict[str, Any] = {
    "Europe/Kaliningrad": pgettext_lazy("time zone", "Kaliningrad"),
    "Europe/Minsk": pgettext_lazy("time zone", "Minsk"),
    "Europe/Moscow": pgettext_lazy("time zone", "Moscow"),
    "Asia/Tbilisi": pgettext_lazy("time zone", "Tbilisi"),
    "Asia/Yerevan": pgettext_lazy("time zone", "Yerevan"),
    "Asia/Baku": pgettext_lazy("time zone", "Baku"),
    "Europe/Samara": pgettext_lazy("time zone", "Samara"),
    "Asia/Yekaterinburg": pgettext_lazy("time zone", "Yekaterinburg"),
    "Asia/Almaty": pgettext_lazy("time zone", "Almaty"),
    "Asia/Tashkent": pgettext_lazy("time zone", "Tashkent"),
    "Asia/Bishkek": pgettext_lazy("time zone", "Bishkek"),
    "Asia/Omsk": pgettext_lazy("time zone", "Omsk"),
    "Asia/Novosibirsk": pgettext_lazy("time zone", "Novosibirsk"),
    "Asia/Krasnoyarsk": pgettext_lazy("time zone", "Krasnoyarsk"),
    "Asia/Irkutsk": pgettext_lazy("time zone", "Irkutsk"),
    "Asia/Yakutsk": pgettext_lazy("time zone", "Yakutsk"),
    "Asia/Vladivostok": pgettext_lazy("time zone", "Vladivostok"),
    "Asia/Magadan": pgettext_lazy("time zone", "Magadan"),
    "Asia/Kamchatka": pgettext_lazy("time zone", "Kamchatka"),
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


def zone_title(name: str) -> str:
    """A time zone by its city; an unlisted one by its own name."""
    return str(ZONES.get(name, name))


def hours_sentence(hours: Hours) -> str:
    """«10:00–18:00, пн–пт, Владивосток» for a line or a refusal."""
    parts = []
    if hours.since and hours.until:
        parts.append(f"{hours.since}–{hours.until}")
    elif hours.since:
        parts.append(str(_("after %(time)s")) % {"time": hours.since})
    elif hours.until:
        parts.append(str(_("before %(time)s")) % {"time": hours.until})
    if hours.days:
        parts.append(_days(hours.days))
    return ", ".join([*parts, zone_title(str(hours.zone))])


def _days(days: str) -> str:
    numbers = [int(day) for day in days]
    names = [str(WEEKDAYS[number]) for number in numbers]
    unbroken = numbers[-1] - numbers[0] == len(numbers) - 1
    return f"{names[0]}–{names[-1]}" if unbroken and len(names) > 2 else ", ".join(names)  # noqa: PLR2004

"""The organisation, its directory and its calendars."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from otklik.accounts import queries
from otklik.accounts.forms.base import HouseForm, Spellings
from otklik.accounts.forms.staff import LANGUAGES
from otklik.accounts.models import CalendarEvent
from otklik.accounts.services import EntryData, OrganisationData
from otklik.accounts.services.calendars import CalendarData, EventData
from otklik.accounts.services.company import FIELDS

WEEKDAYS = (
    _("Monday"),
    _("Tuesday"),
    _("Wednesday"),
    _("Thursday"),
    _("Friday"),
    _("Saturday"),
    _("Sunday"),
)
_RANGE = re.compile(r"^\s*(\d{1,2}[:.]\d{2})\s*[-–—−]\s*(\d{1,2}[:.]\d{2})\s*$")
_DAY = re.compile(r"^\s*(?:(\d{4})-(\d{2})-(\d{2})|(\d{1,2})\.(\d{1,2})\.(\d{4}))\s*(.*)$")
FREE = {"", "closed", "off", "day off", "выходной", "закрыто", "-", "–"}


class OrganisationForm(HouseForm):
    name = forms.CharField(label=_("Name of the company"), max_length=200)
    spellings = Spellings(label=_("How customers write it"), help_text=_("One a line"))
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=[])
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    signature = forms.CharField(
        label=_("Signature"),
        required=False,
        max_length=2000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("Stands under mail answers of those who have none of their own."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(
            zone
            for zone in available_timezones()
            if "/" in zone and not zone.startswith(("Etc/", "SystemV/"))
        )
        self.fields["time_zone"].choices = [(zone, zone.replace("_", " ")) for zone in [*zones, "UTC"]]  # type: ignore[attr-defined]

    def data_of(self) -> OrganisationData:
        return OrganisationData(**self.cleaned_data)


def _choices(organisation_id: int, kind: str) -> list[tuple[int | str, str]]:
    rows = queries.entries(organisation_id, kind).values_list("pk", "name")
    return [("", "—"), *rows]


class EntryForm(HouseForm):
    """One entry of the directory; the fields of its kind are added."""

    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=200)
    key = forms.CharField(
        label=_("Key"), max_length=64, help_text=_("The company's own code: imports update the entry by it.")
    )
    spellings = Spellings(label=_("How customers write it"), help_text=_("One a line"))

    def __init__(self, *args: Any, kind: str, organisation_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        build = getattr(self, f"_add_{kind}", None)
        if build:
            build(organisation_id)
        self.order_fields(["name", *FIELDS[kind], "key", "spellings"])

    def _add_outlet(self, organisation_id: int) -> None:
        self.fields["city"] = forms.CharField(label=_("City"), max_length=100, required=False)
        self.fields["address"] = forms.CharField(label=_("Address"), max_length=300, required=False)
        self.fields["hours"] = forms.CharField(
            label=_("Opening hours"), max_length=200, required=False, help_text=_("As customers are told")
        )

    def _add_product(self, organisation_id: int) -> None:
        self.fields["category"] = forms.CharField(label=_("Category"), max_length=100, required=False)
        self.fields["brand_id"] = forms.TypedChoiceField(
            label=_("Brand"),
            coerce=int,
            empty_value=None,
            required=False,
            choices=_choices(organisation_id, "brand"),
        )
        self.fields["price"] = forms.DecimalField(
            label=_("Price"), max_digits=12, decimal_places=2, min_value=0, required=False, localize=True
        )

    def _add_employee(self, organisation_id: int) -> None:
        self.fields["role_title"] = forms.CharField(label=_("Position"), max_length=200, required=False)
        self.fields["outlet_id"] = forms.TypedChoiceField(
            label=_("Outlet"),
            coerce=int,
            empty_value=None,
            required=False,
            choices=_choices(organisation_id, "outlet"),
        )

    def data_of(self) -> EntryData:
        clean = self.cleaned_data
        more = {name: clean[name] for name in FIELDS[self.kind]}
        return EntryData(key=clean["key"], name=clean["name"], spellings=clean["spellings"], more=more)


def parse_hours(text: str) -> list[list[str]]:
    """ "9:00–13:00, 14:00–18:00" → pairs; raises ValidationError with what cannot be read."""
    if text.strip().lower() in FREE:
        return []
    pairs = []
    for part in re.split(r"[,;]", text):
        match = _RANGE.match(part)
        if not match:
            raise ValidationError(
                _now("“%(part)s” cannot be read. Write 09:00–18:00.") % {"part": part.strip()}
            )
        pairs.append([time.replace(".", ":").zfill(5) for time in match.groups()])
    return pairs


def parse_exceptions(text: str) -> dict[str, list[list[str]]]:
    """A line a day: "31.12.2026 09:00–15:00", "2027-01-01 closed"."""
    found = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        match = _DAY.match(line)
        try:
            if not match:
                raise ValueError(line)
            y1, m1, d1, d2, m2, y2, rest = match.groups()
            day = date(int(y1 or y2), int(m1 or m2), int(d1 or d2))
        except ValueError as error:
            raise ValidationError(
                _now("“%(line)s” does not begin with a day. Write 31.12.2026 09:00–15:00.")
                % {"line": line.strip()}
            ) from error
        found[day.isoformat()] = parse_hours(rest)
    return found


def show_hours(pairs: list[list[str]]) -> str:
    return ", ".join(f"{start}–{end}" for start, end in pairs)


def show_exceptions(days: dict[str, list[list[str]]]) -> str:
    lines = []
    for day, pairs in sorted(days.items()):
        lines.append(f"{date.fromisoformat(day):%d.%m.%Y} {show_hours(pairs) or _now('closed')}")
    return "\n".join(lines)


class CalendarForm(HouseForm):
    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=100)
    exceptions = forms.CharField(
        label=_("Days that differ"),
        required=False,
        widget=forms.Textarea({"rows": 5}),
        help_text=_("One a line: 31.12.2026 09:00–15:00, or 01.01.2027 closed"),
    )
    is_default = forms.BooleanField(label=_("The default for terms of answers"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number, label in enumerate(WEEKDAYS):
            self.fields[f"day_{number}"] = forms.CharField(
                label=label,
                required=False,
                max_length=200,
                widget=forms.TextInput({"placeholder": _("closed")}),
            )

    def days(self) -> list[forms.BoundField]:
        return [self[f"day_{number}"] for number in range(7)]

    def clean(self) -> dict[str, Any]:
        clean = super().clean() or self.cleaned_data
        for name in [*(f"day_{number}" for number in range(7)), "exceptions"]:
            parse: Any = parse_exceptions if name == "exceptions" else parse_hours
            try:
                clean[name] = parse(clean.get(name, ""))
            except ValidationError as error:
                self.add_error(name, error)
        return clean

    def data_of(self) -> CalendarData:
        clean = self.cleaned_data
        week = {str(number): clean[f"day_{number}"] for number in range(7)}
        return CalendarData(clean["name"], week, clean["exceptions"], clean["is_default"])


class _Moment(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class EventForm(HouseForm):
    kind = forms.ChoiceField(label=_("Kind"), choices=CalendarEvent.Kind.choices)
    title = forms.CharField(label=_("What"), max_length=300)
    starts_at = forms.DateTimeField(label=_("Begins"), widget=_Moment())
    ends_at = forms.DateTimeField(label=_("Ends"), required=False, widget=_Moment())
    outlet_keys = forms.MultipleChoiceField(
        label=_("Outlets"), required=False, choices=[], help_text=_("None chosen: everywhere")
    )
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea({"rows": 3}))

    def __init__(self, *args: Any, organisation_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        outlets = queries.entries(organisation_id, "outlet").values_list("key", "name")
        self.fields["outlet_keys"].choices = list(outlets)  # type: ignore[attr-defined]

    def data_of(self) -> EventData:
        clean = {**self.cleaned_data, "outlet_keys": tuple(self.cleaned_data["outlet_keys"])}
        return EventData(**clean)


class ImportForm(HouseForm):
    file = forms.FileField(label=_("CSV file"), widget=forms.ClearableFileInput({"accept": ".csv,.txt,.tsv"}))
    check_only = forms.BooleanField(
        label=_("Only check"),
        required=False,
        initial=True,
        help_text=_("Nothing is changed; you see what would be."),
    )

"""The page of contacts: what customers come with and where, the channels' shares by week, and what stands behind."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from otklik.inbox import contacts, forms
from otklik.inbox.contacts import FEW, INTENTS, SOURCES, UNREAD, UNSURE, Period, Report
from otklik.inbox.models import ConversationState
from otklik.inbox.queries import Filters
from otklik.inbox.templatetags.inbox import channel_name
from otklik.inbox.views.common import StaffRequest, reads
from otklik.kernel.errors import Invalid
from otklik.kernel.rest import cut

ALWAYS = ("complaint", "question", "suggestion", UNSURE, UNREAD)  # rows that stand also when they are empty
SERIES = 4  # of a chart; beyond that the rest together
WIDE, HIGH = 640, 120  # of the chart
PAGE = 50


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the table with its share of the column and the address of what stands behind it."""

    number: int
    share: int | None  # percent; None: too few
    url: str


@dataclass(frozen=True, slots=True)
class Line:
    """One channel in the chart: parts between weeks without contacts, and dots."""

    title: str
    number: int
    share: int | None
    parts: list[str]
    dots: list[tuple[int, int]]


@reads
def overview(request: StaffRequest) -> HttpResponse:
    """The table of intents and kinds of sources, and the trend."""
    who, problem = request.user, ""
    try:
        within = _period(request)
    except Invalid as error:
        within, problem = contacts.period(who.organisation_id), error.sentence
    found = contacts.report(who, within)
    context = {
        "problem": problem,
        "period": within,
        "query": _address(within),
        "choices": contacts.CHOICES,
        "report": found,
        "few": FEW,
        **(_table(found) | _trend(found) if found.total else {}),
    }
    return render(request, "inbox/contacts.html", context)


def _period(request: StaffRequest) -> Period:
    """Raises Invalid for dates that make no period; an unknown number of weeks is the usual one."""
    given = request.GET
    weeks = forms.whole(given.get("weeks", ""))
    return contacts.period(
        request.user.organisation_id,
        weeks if weeks in contacts.CHOICES else 0,
        given.get("since", ""),
        given.get("until", ""),
    )


def _address(within: Period, **more: str) -> str:
    """The period as dates, so that a link shows the same tomorrow."""
    given = {"since": within.since.isoformat(), "until": within.until.isoformat(), **more}
    return f"?{urlencode({name: value for name, value in given.items() if value})}"


def _percent(number: int, of: int) -> int | None:
    found = contacts.share(number, of)
    return None if found is None else round(100 * found)


def _table(found: Report) -> dict[str, Any]:
    """Rows are intents, columns kinds of sources; the shares of a column are those of its intents."""
    numbers, columns = found.by("source", "intent"), found.by("source")
    rows = found.by("intent")
    page = reverse("contacts_list")

    def figure(number: int, of: int, **behind: str) -> Figure:
        return Figure(number, _percent(number, of), page + _address(found.period, **behind))

    return {
        "columns": [
            (SOURCES[source], figure(columns[source,], found.total, source=source))
            for source in found.sources
        ],
        "rows": [
            {
                "intent": intent,
                "title": title,
                "all": figure(rows[intent,], found.total, intent=intent),
                "cells": [
                    figure(numbers[source, intent], columns[source,], source=source, intent=intent)
                    for source in found.sources
                ],
            }
            for intent, title in INTENTS.items()
            if rows[intent,] or intent in ALWAYS
        ],
        "all": figure(found.total, found.total),
    }


def _trend(found: Report) -> dict[str, Any]:
    """Shares of channels by week: the largest as lines, all of them in the table."""
    numbers, by_week = found.by("week", "channel"), found.by("week")
    totals = [by_week[place,] for place in range(len(found.weeks))]
    drawn = found.channels if len(found.channels) <= SERIES else found.channels[: SERIES - 1]
    rest = found.channels[len(drawn) :]
    groups = [(channel_name(one), (one,)) for one in drawn] + ([(_("the rest"), tuple(rest))] if rest else [])
    return {
        "lines": [_line(title, some, numbers, totals) for title, some in groups],
        "kinds": [channel_name(one) for one in found.channels],
        "weeks": [
            (week, of, [(numbers[place, one], _percent(numbers[place, one], of)) for one in found.channels])
            for place, (week, of) in enumerate(zip(found.weeks, totals, strict=True))
        ],
        "unsteady": any(of < FEW for of in totals),
        "partial": any(not week.whole for week in found.weeks),
    }


def _line(title: str, channels: tuple[str, ...], numbers: Any, totals: list[int]) -> Line:
    parts: list[list[tuple[int, int]]] = [[]]
    summed = 0
    for place, of in enumerate(totals):
        number = sum(numbers[place, one] for one in channels)
        summed += number
        if of:
            x = round(WIDE * place / (len(totals) - 1)) if len(totals) > 1 else WIDE // 2
            parts[-1].append((x, round(HIGH * (1 - number / of))))
        elif parts[-1]:
            parts.append([])  # a week without contacts has no shares: the line breaks
    return Line(
        title,
        summed,
        _percent(summed, sum(totals)),
        [" ".join(f"{x},{y}" for x, y in part) for part in parts if len(part) > 1],
        [dot for part in parts for dot in part],
    )


@reads
def behind(request: StaffRequest) -> HttpResponse:
    """The conversations behind one number, and the way to the like of them in the inbox."""
    within = _period(request)
    given = request.GET
    source = given.get("source", "") if given.get("source", "") in SOURCES else ""
    intent = given.get("intent", "") if given.get("intent", "") in INTENTS else ""
    found = contacts.listed(request.user, within, source=source, intent=intent)
    rows, following = cut(found, ("-created_at", "-id"), cursor=given.get("cursor", ""), limit=PAGE)
    context = {
        "period": within,
        "query": _address(within),
        "source": SOURCES.get(source, ""),
        "intent": INTENTS.get(intent, ""),
        "rows": [(row, INTENTS.get(row.said, row.said)) for row in rows],
        "further": _address(within, source=source, intent=intent, cursor=following or "")
        if following
        else "",
        "first": not given.get("cursor"),
        "inbox": _in_inbox(within, source, intent),
    }
    return render(request, "inbox/contacts_list.html", context)


def _in_inbox(within: Period, source: str, intent: str) -> str:
    """The inbox's list under the same filters; empty where it has none for them.

    It goes by the newest message and any of its labels, so it may show some more or fewer.
    """
    if intent == UNREAD or source == "other":
        return ""
    filters = Filters(
        states=tuple(ConversationState.values),
        channels=contacts.channels_of(source),
        intents=(intent,) if intent and intent != UNSURE else (),
        doubts=("intent",) if intent == UNSURE else (),
        visibility={"group": "public", "messenger": "private"}.get(source, ""),
        since=within.since.isoformat(),
    )
    return reverse("inbox") + forms.address(filters)


@reads
def download(request: StaffRequest) -> HttpResponse:
    """Every number of the page as CSV, one line for each week, channel, kind of source and intent."""
    within = _period(request)
    found = contacts.report(request.user, within)
    out = io.StringIO()
    out.write("\ufeff")  # makes Excel read UTF-8
    writer = csv.writer(out, delimiter=";")
    heads = (
        _("Week"),
        _("From"),
        _("Until"),
        _("Kind of source"),
        _("Channel"),
        _("What it is"),
        _("Contacts"),
    )
    writer.writerow(heads)
    for cell in found.cells:
        week = found.weeks[cell.week]
        names = (SOURCES[cell.source], _plain(channel_name(cell.channel)), INTENTS[cell.intent])
        writer.writerow([week.name, week.since, week.until, *names, cell.number])
    response = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"contacts-{within.since}-{within.until}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _plain(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: an import may name a channel as it likes."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text

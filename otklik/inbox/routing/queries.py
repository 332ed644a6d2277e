"""Reads of rules: the list with what they did lately, versions with their differences, runs on history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from otklik.accounts import policy
from otklik.accounts import queries as accounts
from otklik.inbox.models import Conversation, Label, Message, Rule, RuleEffect, RuleRun, RuleVersion
from otklik.inbox.routing.definition import Definition, stored
from otklik.inbox.routing.sentences import Changed, Names, actions, conditions, difference
from otklik.inbox.services.text import shorten
from otklik.kernel import clock
from otklik.kernel.errors import NotFound

RIGHT = "rules.edit"
LATELY = 30 * 86400.0  # seconds
VERSIONS = 20


def rules(who: policy.Principal, *, archived: bool = False) -> QuerySet[Rule]:
    """Rules of an organisation in the order in which they are asked. Raises Forbidden."""
    policy.require(who, RIGHT)
    rows = Rule.objects.filter(organisation_id=who.organisation_id, archived_at__isnull=not archived)
    return rows.order_by("position", "pk")


def rule(who: policy.Principal, rule_id: int, *, archived: bool = True) -> Rule:
    """One rule; raises NotFound."""
    policy.require(who, RIGHT)
    rows = Rule.objects.filter(organisation_id=who.organisation_id, pk=rule_id)
    found = (rows if archived else rows.filter(archived_at=None)).first()
    if found is None:
        raise NotFound
    return found


def newest(rows: list[Rule]) -> dict[int, RuleVersion]:
    """The version in force of each rule, in one query."""
    wanted = Q(pk__in=[])
    for one in rows:
        wanted |= Q(rule=one, number=one.number)
    return {one.rule_id: one for one in RuleVersion.objects.filter(wanted).select_related("by")}


@dataclass(frozen=True, slots=True)
class Listed:
    """A rule as the list shows it."""

    rule: Rule
    conditions: list[str]
    actions: list[str]
    acted: int  # times, lately


def listed(who: policy.Principal, query: str = "", *, archived: bool = False) -> list[Listed]:
    """Rules whose name, conditions or actions hold every word of the query."""
    rows = list(rules(who, archived=archived))
    versions = newest(rows)
    names = Names(who.organisation_id)
    since = clock.ago(LATELY)
    counted = dict(
        RuleEffect.objects.filter(rule__in=rows, at__gte=since)
        .exclude(done={})
        .values_list("rule")
        .annotate(number=Count("pk"))
        .order_by()
    )
    found = []
    for one in rows:
        definition = stored(versions[one.pk].definition)
        line = Listed(one, conditions(definition, names), actions(definition, names), counted.get(one.pk, 0))
        text = accounts.fold(" ".join([one.name, *line.conditions, *line.actions]))
        if all(word in text for word in accounts.fold(query).split()):
            found.append(line)
    return found


@dataclass(frozen=True, slots=True)
class Told:
    """A version with what it changed."""

    version: RuleVersion
    changes: list[Changed]


def versions(one: Rule, *, most: int = VERSIONS) -> list[Told]:
    """The newest first, each with its difference from the one before."""
    rows = list(RuleVersion.objects.filter(rule=one).select_related("by").order_by("-number")[: most + 1])
    names = Names(one.organisation_id)
    before = [*rows[1:], None]
    return [Told(now, difference(was, now, names)) for now, was in zip(rows, before, strict=True)][:most]


def current(one: Rule) -> Definition:
    """What a rule says now."""
    return stored(RuleVersion.objects.get(rule=one, number=one.number).definition)


def run(who: policy.Principal, run_id: int) -> RuleRun:
    """A run on history; raises NotFound."""
    policy.require(who, RIGHT)
    rows = RuleRun.objects.select_related("rule", "version", "by")
    found = rows.filter(organisation_id=who.organisation_id, pk=run_id).first()
    if found is None:
        raise NotFound
    return found


def applied(one: Rule, most: int = 10) -> list[RuleRun]:
    """Runs that acted, the newest first."""
    rows = RuleRun.objects.filter(rule=one, kind=RuleRun.Kind.APPLY).select_related("version", "by")
    return list(rows.order_by("-pk")[:most])


@dataclass(frozen=True, slots=True)
class Met:
    """An example: a conversation and the words that met the rule."""

    conversation: Conversation
    text: str


def examples(one: RuleRun) -> list[Met]:
    """The first conversations that met a rule, in two queries."""
    talks = Conversation.objects.in_bulk([talk for talk, _message in one.examples])
    texts = dict(
        Message.objects.filter(
            pk__in=[message for _talk, message in one.examples],
            organisation_id=one.organisation_id,
            deleted_at=None,
        ).values_list("pk", "text")
    )
    return [
        Met(talks[talk], shorten(texts.get(message, ""), 140))
        for talk, message in one.examples
        if talk in talks
    ]


@dataclass(frozen=True, slots=True)
class Counted:
    """What a dry run says of one action."""

    kind: str  # label, team, person
    name: str
    would: int
    there: int  # it is so already
    other: int = 0  # in another team now


def counted(one: RuleRun) -> list[Counted]:
    """What acting would change, action by action."""
    names = Names(one.organisation_id)
    done = stored(one.definition).actions
    numbers: Mapping[str, Any] = one.numbers
    found = []
    for pk in done.labels:
        have = numbers.get(f"label:{pk}", 0)
        label: Label | None = names.labels.get(pk)
        found.append(Counted("label", label.name if label else "", one.met - have, have))
    if done.team:
        team = names.teams.get(done.team, "")
        there, other = numbers.get("in_team", 0), numbers.get("other_team", 0)
        found.append(Counted("team", team, numbers.get("to_team", 0), there, other))
    if done.person:
        found.append(Counted("person", names.people.get(done.person, ""), numbers.get("to_person", 0), 0))
    return found

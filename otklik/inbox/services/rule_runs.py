"""History against a rule: counted before it is saved, acted on when a person says so, taken back as a whole.

Conversations are gone through from the newest down in windows of numbers, each of a bounded size, so that no query
grows with the history. The first windows are counted at once; the rest is done in turns in the background, from the
cursor, so that a kill costs one window and two workers never do one twice.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Max, Q

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.analysis import queries as analysis
from otklik.audit import services as audit
from otklik.inbox.models import (
    Conversation,
    ConversationLabel,
    Direction,
    Message,
    Rule,
    RuleEffect,
    RuleRun,
    RuleVersion,
)
from otklik.inbox.routing import facts, matching, narrowing
from otklik.inbox.routing.definition import Actions, Definition, checked, stored
from otklik.inbox.services.receive import ROBOTS
from otklik.inbox.services.rule_effects import OPEN_STATES, Deed, InForce
from otklik.inbox.services.rules import RIGHT
from otklik.inbox.services.state import announce, system_line
from otklik.inbox.subjects import KIND
from otklik.kernel import clock, outbox
from otklik.kernel.errors import Invalid, NotFound

TOPIC = "inbox.rule_run"
WINDOW = 500  # numbers of conversations of one step
AT_ONCE = 0.3  # seconds of counting in the request
SECONDS = 20.0  # of one turn, well within the lease of the outbox
EXAMPLES = 20
DAYS = (30, 90, 365)
KEPT = 86400.0  # seconds that a dry run is kept
Met = dict[int, int]  # conversation → its newest message that meets the rule
RUNNING, DONE, STOPPED = RuleRun.State.RUNNING, RuleRun.State.DONE, RuleRun.State.STOPPED
UNDOING, UNDONE = RuleRun.State.UNDOING, RuleRun.State.UNDONE


def dry_run(definition: Definition, days: int, *, by: User) -> RuleRun:
    """Count what a rule, saved or not, would have met. A small history is counted when this returns.

    Raises Forbidden, Invalid.
    """
    policy.require(by, RIGHT)
    definition = checked(definition, by.organisation_id, draft=True)
    with transaction.atomic():
        run = _begin(RuleRun.Kind.DRY, definition, days, by)
    ends = time.monotonic() + AT_ONCE
    while run.state == RUNNING and time.monotonic() < ends:
        run = _step(run)
    if run.state == RUNNING:
        with transaction.atomic():
            _plan(run)
    return run


@transaction.atomic
def apply(rule_id: int, days: int, *, by: User) -> RuleRun:
    """Let a rule act on history in the background; one run of a rule at a time.

    Labels are put on, conversations nobody owns are given; notes are not written. Raises NotFound, Forbidden, Invalid.
    """
    policy.require(by, RIGHT)
    rule = Rule.objects.filter(organisation_id=by.organisation_id, pk=rule_id, archived_at=None).first()
    if rule is None:
        raise NotFound
    version = RuleVersion.objects.get(rule=rule, number=rule.number)
    try:
        with transaction.atomic():
            run = _begin(RuleRun.Kind.APPLY, stored(version.definition), days, by, version)
    except IntegrityError:
        return RuleRun.objects.get(rule=rule, kind=RuleRun.Kind.APPLY, state=RUNNING)
    _plan(run)
    _record("rule.applied", run, by, days=days)
    return run


def _begin(
    kind: RuleRun.Kind, definition: Definition, days: int, by: User, version: RuleVersion | None = None
) -> RuleRun:
    if days not in DAYS:
        raise Invalid(code="invalid", field="days")
    top = Conversation.objects.filter(organisation_id=by.organisation_id).aggregate(top=Max("pk"))["top"] or 0
    return RuleRun.objects.create(
        organisation_id=by.organisation_id,
        kind=kind,
        rule=version.rule if version else None,
        version=version,
        definition=definition.json(),
        days=days,
        since=clock.ago(days * 86400.0),
        top=top,
        cursor=top,
        by=by,
        started_at=clock.now(),
    )


def _plan(run: RuleRun) -> None:
    key = f"{TOPIC}:{run.pk}:{run.state}:{run.cursor}"
    outbox.put(TOPIC, key, {"run": run.pk}, organisation_id=run.organisation_id)


def work(payload: dict[str, Any]) -> None:
    """Outbox handler: one turn of a run; its end, or the next turn."""
    run = RuleRun.objects.filter(pk=payload["run"]).first()
    ends = time.monotonic() + SECONDS
    while run is not None and run.state in (RUNNING, UNDOING):
        if time.monotonic() > ends:
            raise outbox.Later(0.0)
        run = _step(run) if run.state == RUNNING else _undo_step(run)


def _step(run: RuleRun) -> RuleRun:
    """One window: looked at outside the transaction, kept together with the cursor."""
    definition = stored(run.definition)
    low = max(run.cursor - WINDOW, 0)
    looked, met = find(run, definition, low, run.cursor)
    if run.kind == RuleRun.Kind.APPLY:
        _act(run, definition, met)
    numbers = _add(run.numbers, _numbers(definition.actions, met)) if run.kind == RuleRun.Kind.DRY else {}
    newest = sorted(met.items(), reverse=True)[: EXAMPLES - len(run.examples)]
    moved = RuleRun.objects.filter(pk=run.pk, cursor=run.cursor, state=RUNNING).update(
        cursor=low,
        looked=F("looked") + looked,
        met=F("met") + len(met),
        numbers=numbers,
        examples=[*run.examples, *([talk, message] for talk, message in newest)],
        state=RUNNING if low else DONE,
        done_at=None if low else clock.now(),
    )
    fresh = RuleRun.objects.get(pk=run.pk)
    if not moved and fresh.state == RUNNING and fresh.cursor == run.cursor:
        raise RuntimeError("a run neither moved nor was moved")
    return fresh


def find(run: RuleRun, definition: Definition, low: int, high: int) -> tuple[int, Met]:
    """Conversations numbered above `low` up to `high`: how many have a text of the time, and which meet the rule."""
    texts = (
        Message.objects.filter(
            analysis.has(KIND, "pk"),
            organisation_id=run.organisation_id,
            conversation_id__gt=low,
            conversation_id__lte=high,
            conversation__merged_into=None,
            direction=Direction.IN,
            deleted_at=None,
            occurred_at__gte=run.since,
        )
        .exclude(auto__in=ROBOTS)
        .order_by()
    )
    looked = texts.aggregate(number=Count("conversation", distinct=True))["number"]
    fitting = texts.filter(narrowing.condition(definition))
    if narrowing.is_exact(definition):
        return looked, dict(fitting.values_list("conversation").annotate(newest=Max("pk")))
    found = facts.of(run.organisation_id, list(fitting.values_list("pk", flat=True)))
    met = {
        one.message.conversation_id: pk  # in order of arrival: the newest stays
        for pk, one in found.items()
        if matching.meets(definition, one)
    }
    return looked, met


def _numbers(actions: Actions, met: Met) -> dict[str, int]:
    """What acting on these conversations would find: labels there already, owners, other teams."""
    rows = Conversation.objects.filter(pk__in=list(met))
    free = Q(assignee=None, state__in=OPEN_STATES)
    counts: dict[str, Any] = {"owned": Count("pk", filter=~free)}
    if actions.team:
        counts["in_team"] = Count("pk", filter=Q(team_id=actions.team))
        counts["other_team"] = Count("pk", filter=Q(team__isnull=False) & ~Q(team_id=actions.team))
        counts["to_team"] = Count("pk", filter=free & (Q(team=None) | ~Q(team_id=actions.team)))
    if actions.person:
        counts["to_person"] = Count("pk", filter=free)
    found: dict[str, int] = rows.aggregate(**counts)
    labelled = ConversationLabel.objects.filter(conversation__in=list(met), label__in=actions.labels)
    have = dict(labelled.values_list("label").annotate(number=Count("pk")).order_by())
    return found | {f"label:{pk}": have.get(pk, 0) for pk in actions.labels}


def _add(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in one.keys() | other.keys()}


class _Ended(Exception):
    """A person has stopped the run."""


def _act(run: RuleRun, definition: Definition, met: Met) -> None:
    """The rule acts on each conversation in a short transaction; where it has acted before it does nothing."""
    if run.version is None:
        return
    rule = InForce(run.version, definition)
    for conversation_id, message_id in sorted(met.items(), reverse=True):
        try:
            _act_on(run, rule, conversation_id, message_id)
        except _Ended:
            return


@transaction.atomic
def _act_on(run: RuleRun, rule: InForce, conversation_id: int, message_id: int) -> None:
    talk = Conversation.objects.select_for_update().get(pk=conversation_id)
    did = talk.merged_into_id is None and Deed(talk, message_id, run).do(rule)
    # counted with the deed, so that neither a kill nor a second worker makes the number wrong
    if not RuleRun.objects.filter(pk=run.pk, state=RUNNING).update(acted=F("acted") + int(did)):
        raise _Ended


@transaction.atomic
def stop(run_id: int, *, by: User) -> RuleRun:
    """End a run after the conversation in hand; what it did stays, and can be taken back."""
    run = _own(run_id, by)
    if RuleRun.objects.filter(pk=run.pk, state=RUNNING).update(state=STOPPED, done_at=clock.now()):
        _record("rule.apply_stopped", run, by)
    run.refresh_from_db()
    return run


@transaction.atomic
def undo(run_id: int, *, by: User) -> RuleRun:
    """Take back what a run did, except what people changed since. Raises NotFound, Forbidden."""
    run = _own(run_id, by)
    if RuleRun.objects.filter(pk=run.pk, kind=RuleRun.Kind.APPLY, state__in=(DONE, STOPPED)).update(
        state=UNDOING
    ):
        _record("rule.apply_undone", run, by)
        run.refresh_from_db()
        _plan(run)
    return run


def _undo_step(run: RuleRun) -> RuleRun:
    rows = RuleEffect.objects.filter(run=run, undone_at=None).order_by("-pk")
    effects = list(rows[:WINDOW])
    for effect in effects:
        _take_back(effect)
    if not effects:
        RuleRun.objects.filter(pk=run.pk, state=UNDOING).update(state=UNDONE, done_at=clock.now())
    run.refresh_from_db()
    return run


@transaction.atomic
def _take_back(effect: RuleEffect) -> None:
    talk = Conversation.objects.select_for_update().get(pk=effect.conversation_id)
    if not RuleEffect.objects.filter(pk=effect.pk, undone_at=None).update(undone_at=clock.now()):
        return
    changed = bool(
        ConversationLabel.objects.filter(conversation=talk, label__in=effect.done.get("labels", [])).delete()[
            0
        ]
    )
    fields = _given_back(talk, effect.done)
    if not (changed or fields):
        return
    audit.record(
        "conversation.unruled",
        organisation_id=talk.organisation_id,
        by=audit.SYSTEM,
        kind="conversation",
        object_id=talk.pk,
        rule=effect.version.name,
        version=effect.version.number,
    )
    system_line(talk, "conversation.unruled", None, rule=effect.version.name)
    announce(talk, "undone")


def _given_back(talk: Conversation, done: dict[str, Any]) -> list[str]:
    """Team and owner as they were, unless somebody owns it or has moved it since."""
    moved: list[str] = [name for name in ("team", "assignee") if name in done]
    nobody_since = talk.assignee_id == done.get("assignee", [None, None])[1]
    if not nobody_since or any(getattr(talk, f"{name}_id") != done[name][1] for name in moved):
        return []
    for name in moved:
        setattr(talk, f"{name}_id", done[name][0])
    if moved:
        talk.save(update_fields=moved)
    return moved


def _own(run_id: int, by: User) -> RuleRun:
    policy.require(by, RIGHT)
    found = RuleRun.objects.select_for_update().filter(organisation_id=by.organisation_id, pk=run_id).first()
    if found is None:
        raise NotFound
    return found


def _record(action: str, run: RuleRun, by: User, **data: Any) -> None:
    audit.record(
        action,
        organisation_id=run.organisation_id,
        by=by,
        kind="rule",
        object_id=run.rule_id,
        name=run.version.name if run.version else "",
        version=run.version.number if run.version else 0,
        **data,
    )


def forget(limit: int = 1000) -> int:
    """Periodic: dry runs of yesterday."""
    old = RuleRun.objects.filter(kind=RuleRun.Kind.DRY, started_at__lt=clock.ago(KEPT))
    deleted, _rows = RuleRun.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()
    return deleted

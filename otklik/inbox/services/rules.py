"""Rules as people keep them: every saving is a version that never changes; going back is a new version, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.inbox.models import Rule, RuleVersion
from otklik.inbox.routing.definition import Definition, checked, stored
from otklik.kernel import clock
from otklik.kernel.errors import Conflict, Invalid, NotFound

RIGHT = "rules.edit"
MAX_NAME = 100
MOST_RULES = 200


@transaction.atomic
def create(name: str, definition: Definition, *, by: User, active: bool = True) -> Rule:
    """A new rule behind the others, with its first version. Raises Forbidden, Invalid, Conflict."""
    policy.require(by, RIGHT)
    definition = checked(definition, by.organisation_id)
    rows = Rule.objects.filter(organisation_id=by.organisation_id, archived_at=None)
    if rows.count() >= MOST_RULES:
        raise Invalid(
            _("There are %(limit)s rules already. Put one into the archive first."), limit=MOST_RULES
        )
    last = rows.aggregate(last=Max("position"))["last"] or 0
    rule = Rule(
        organisation_id=by.organisation_id,
        name=_clean(name),
        active=active,
        position=last + 1,
        created_at=clock.now(),
    )
    _store(rule)
    version = _add_version(rule, definition, by)
    _record("rule.created", rule, by, version=version.number, active=active)
    return rule


@transaction.atomic
def save(  # noqa: PLR0913 a saving says all of this
    rule_id: int, name: str, definition: Definition, *, by: User, number: int = 0, active: bool | None = None
) -> Rule:
    """Another version, unless nothing changed. `number`: the version it was written from; 0 does not ask.

    Raises NotFound, Forbidden, Invalid, Conflict when a colleague saved in between.
    """
    rule = _lock(rule_id, by)
    definition = checked(definition, by.organisation_id)
    if number and number != rule.number:
        raise Conflict(
            _("A colleague has saved this rule in between (version %(number)s). Look at it and save again."),
            number=rule.number,
        )
    name = _clean(name)
    before = _current(rule)
    if before.definition != definition.json() or name != rule.name:
        rule.name = name
        version = _add_version(rule, definition, by)
        _record("rule.changed", rule, by, version=version.number)
    if active is not None:
        _switch(rule, active, by)
    return rule


@transaction.atomic
def go_back(rule_id: int, number: int, *, by: User) -> Rule:
    """Say again what version `number` said, as a new version. Raises NotFound, Forbidden, Invalid, Conflict."""
    rule = _lock(rule_id, by)
    wanted = RuleVersion.objects.filter(rule=rule, number=number).first()
    if wanted is None:
        raise NotFound
    if number == rule.number:
        return rule
    rule.name = wanted.name
    # what it names may be gone by now: then it says so instead of doing less than it says
    version = _add_version(rule, checked(stored(wanted.definition), by.organisation_id), by, back_to=number)
    _record("rule.changed", rule, by, version=version.number, back_to=number)
    return rule


@transaction.atomic
def switch(rule_id: int, active: bool, *, by: User) -> Rule:  # noqa: FBT001 the one thing it does
    """On or off."""
    rule = _lock(rule_id, by)
    _switch(rule, active, by)
    return rule


def _switch(rule: Rule, active: bool, by: User) -> None:  # noqa: FBT001 as above
    if rule.active != active:
        rule.active = active
        rule.save(update_fields=["active"])
        _record("rule.switched_on" if active else "rule.switched_off", rule, by)


@transaction.atomic
def order(rule_ids: Sequence[int], *, by: User) -> None:
    """The order in which rules are asked: those named first, in this order; the others stay behind them."""
    policy.require(by, RIGHT)
    rows = list(
        Rule.objects.select_for_update()
        .filter(organisation_id=by.organisation_id, archived_at=None)
        .order_by("position", "pk")
    )
    places = {pk: place for place, pk in enumerate(rule_ids)}
    if not places.keys() <= {one.pk for one in rows}:
        raise NotFound
    rows.sort(key=lambda one: places.get(one.pk, len(places)))
    moved = []
    for position, one in enumerate(rows, 1):
        if one.position != position:
            one.position = position
            moved.append(one)
    if moved:
        Rule.objects.bulk_update(moved, ["position"])
        audit.record(
            "rule.ordered",
            organisation_id=by.organisation_id,
            by=by,
            kind="rule",
            rules=[one.name for one in rows],
        )


@transaction.atomic
def move(rule_id: int, step: int, *, by: User) -> None:
    """One place up (−1) or down (+1)."""
    rule = _lock(rule_id, by)
    rows = Rule.objects.filter(organisation_id=by.organisation_id, archived_at=None).order_by(
        "position", "pk"
    )
    ids = list(rows.values_list("pk", flat=True))
    place = ids.index(rule.pk)
    other = min(max(place + step, 0), len(ids) - 1)
    ids.insert(other, ids.pop(place))
    order(ids, by=by)


@transaction.atomic
def archive(rule_id: int, *, by: User) -> Rule:
    """It acts no more and is not offered; what it did stays as it is."""
    rule = _lock(rule_id, by)
    rule.archived_at = clock.now()
    rule.active = False
    rule.save(update_fields=["archived_at", "active"])
    _record("rule.archived", rule, by)
    return rule


@transaction.atomic
def restore(rule_id: int, *, by: User) -> Rule:
    """Back from the archive, switched off. Raises Conflict when its name is taken by now."""
    rule = _lock(rule_id, by, archived=True)
    rule.archived_at = None
    _store(rule)
    _record("rule.restored", rule, by)
    return rule


def _lock(rule_id: int, by: User, *, archived: bool = False) -> Rule:
    policy.require(by, RIGHT)
    found = (
        Rule.objects.select_for_update()
        .filter(organisation_id=by.organisation_id, archived_at__isnull=not archived, pk=rule_id)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def _store(rule: Rule) -> None:
    try:
        with transaction.atomic():
            rule.save()
    except IntegrityError as error:
        raise Conflict(
            _("There is a rule “%(name)s” already."), code="name_taken", name=rule.name, field="name"
        ) from error


def _add_version(rule: Rule, definition: Definition, by: User, *, back_to: int = 0) -> RuleVersion:
    rule.number += 1
    _store(rule)
    return RuleVersion.objects.create(
        rule=rule,
        number=rule.number,
        name=rule.name,
        definition=definition.json(),
        back_to=back_to,
        by=by,
        at=clock.now(),
    )


def _current(rule: Rule) -> RuleVersion:
    return RuleVersion.objects.get(rule=rule, number=rule.number)


def _clean(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME:
        raise Invalid(_("A rule needs a name of at most %(limit)s characters."), field="name", limit=MAX_NAME)
    return name


def _record(action: str, rule: Rule, by: User, **data: Any) -> None:
    audit.record(
        action,
        organisation_id=rule.organisation_id,
        by=by,
        kind="rule",
        object_id=rule.pk,
        name=rule.name,
        **data,
    )

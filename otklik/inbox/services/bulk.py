"""One action on many conversations: each in a short transaction of its own, all undone by one token."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.inbox import ports
from otklik.inbox.models import BulkAction, BulkStep, Conversation
from otklik.inbox.services import grouping, labels, state, summary
from otklik.inbox.services.reply import lock
from otklik.inbox.services.state import announce, system_line
from otklik.kernel import clock
from otklik.kernel.errors import Invalid, OtklikError

MAX_IDS = 500
UNDO_FOR = 86_400.0  # seconds


@dataclass(slots=True)
class BulkResult:
    """What was done and what was refused with its reason; `undo_token` is empty when nothing was done."""

    done: list[int] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    undo_token: str = ""


Step = Callable[[int, User, dict[str, Any]], dict[str, Any]]  # → extra; raises OtklikError to refuse


def _close(pk: int, by: User, params: dict[str, Any]) -> dict[str, Any]:
    state.close(pk, by=by)
    return {}


def _reopen(pk: int, by: User, params: dict[str, Any]) -> dict[str, Any]:
    state.reopen(pk, by=by)
    return {}


def _wait(pk: int, by: User, params: dict[str, Any]) -> dict[str, Any]:
    state.wait_for_customer(pk, by=by)
    return {}


def _snooze(pk: int, by: User, params: dict[str, Any]) -> dict[str, Any]:
    state.snooze(pk, params["until"], by=by)
    return {}


def _assign(pk: int, by: User, params: dict[str, Any]) -> dict[str, Any]:
    state.assign(pk, by=by, **{key: params[key] for key in ("user_id", "team_id") if key in params})
    return {}


def _label(pk: int, by: User, params: dict[str, Any]) -> dict[str, Any]:
    return {"labelled": params["label_id"]} if labels.add(pk, params["label_id"], by=by) else {}


def _unlabel(pk: int, by: User, params: dict[str, Any]) -> dict[str, Any]:
    return {"unlabelled": params["label_id"]} if labels.remove(pk, params["label_id"], by=by) else {}


def _merge(pk: int, by: User, params: dict[str, Any]) -> dict[str, Any]:
    if pk == params["survivor_id"]:
        return {}
    return {"merge": grouping.merge(params["survivor_id"], pk, by=by).pk}


ACTIONS: dict[str, tuple[Step, tuple[str, ...]]] = {
    "close": (_close, ()),
    "reopen": (_reopen, ()),
    "wait": (_wait, ()),
    "snooze": (_snooze, ("until",)),
    "assign": (_assign, ()),
    "label": (_label, ("label_id",)),
    "unlabel": (_unlabel, ("label_id",)),
    "merge": (_merge, ()),
}


def run(action: str, conversation_ids: Sequence[int], *, by: User, **params: Any) -> BulkResult:
    """Do one thing to up to 500 conversations; what cannot be done is refused with a sentence, the rest is done.

    Parameters: snooze `until`; assign `user_id`, `team_id` as in state.assign; label, unlabel
    `label_id`; merge `survivor_id` (default: the first id). Raises Forbidden, Invalid. Also right for one
    conversation when an undo is wanted.
    """
    policy.require(by, "conversation.bulk")
    ids = list(dict.fromkeys(conversation_ids))
    step, needed = _step(action, ids, params)
    if action == "merge" and ids:
        params["survivor_id"] = params.get("survivor_id") or ids[0]
    record = BulkAction.objects.create(
        organisation_id=by.organisation_id,
        user=by,
        token=secrets.token_urlsafe(32),
        action=action,
        at=clock.now(),
    )
    result = BulkResult()
    for pk in ids:
        try:
            _one(record, step, pk, by, params)
            result.done.append(pk)
        except OtklikError as error:
            result.refused.append((pk, error.sentence))
    if record.steps.exists():
        result.undo_token = record.token
    return result


def _step(action: str, ids: list[int], params: dict[str, Any]) -> tuple[Step, tuple[str, ...]]:
    if action not in ACTIONS:
        raise Invalid(_("There is no such action: %(action)s."), field="action", action=action)
    if len(ids) > MAX_IDS:
        raise Invalid(
            _("At most %(limit)s conversations at once; %(count)s are chosen."),
            field="ids",
            limit=MAX_IDS,
            count=len(ids),
        )
    step, needed = ACTIONS[action]
    for name in needed:
        if not params.get(name):
            raise Invalid(_("Say what to do: “%(name)s” is missing."), field=name, name=name)
    return step, needed


@transaction.atomic
def _one(record: BulkAction, step: Step, pk: int, by: User, params: dict[str, Any]) -> None:
    before = summary.snapshot(lock(pk, by))
    extra = step(pk, by, params)
    after = summary.snapshot(Conversation.objects.get(pk=pk))
    if before != after or extra:
        BulkStep.objects.create(action=record, conversation_id=pk, before=before, after=after, extra=extra)


def undo(token: str, *, by: User) -> BulkResult:
    """Take an action back, the last step first; what somebody changed since stays as it is now.

    Only who acted, within a day, once. Raises NotFound.
    """
    action = BulkAction.objects.filter(
        token=token, user=by, organisation_id=by.organisation_id, at__gte=clock.ago(UNDO_FOR)
    ).first()
    if action is None:
        raise ports.NotFound
    if not BulkAction.objects.filter(pk=action.pk, undone_at=None).update(undone_at=clock.now()):
        raise ports.NotFound
    result = BulkResult()
    for step in action.steps.order_by("-pk"):
        try:
            _undo_one(step, by)
            result.done.append(step.conversation_id)
        except OtklikError as error:
            result.refused.append((step.conversation_id, error.sentence))
    return result


@transaction.atomic
def _undo_one(step: BulkStep, by: User) -> None:
    if "merge" in step.extra:
        grouping.unmerge(step.extra["merge"], by=by)
        return
    conversation = lock(step.conversation_id, by)
    if "labelled" in step.extra:
        labels.remove(conversation.pk, step.extra["labelled"], by=by)
    elif "unlabelled" in step.extra:
        labels.add(conversation.pk, step.extra["unlabelled"], by=by)
    changed = summary.restore(conversation, step.before, step.after)
    if not changed:
        return
    conversation.save(update_fields=sorted(changed))
    audit.record(
        "conversation.undone",
        organisation_id=conversation.organisation_id,
        by=by,
        kind="conversation",
        object_id=conversation.pk,
        fields=sorted(changed),
    )
    system_line(conversation, "conversation.undone", by)
    announce(conversation, "undone")


def forget(limit: int = 1000) -> int:
    """Periodic: actions that can no longer be undone."""
    old = list(BulkAction.objects.filter(at__lt=clock.ago(UNDO_FOR)).values_list("pk", flat=True)[:limit])
    deleted, _rows = BulkAction.objects.filter(pk__in=old).delete()
    return deleted

"""Saved views: a set of filters with a name, one's own or shared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.inbox import ports
from otklik.inbox.models import SavedView
from otklik.kernel import clock
from otklik.kernel.errors import Invalid

MAX_NAME = 100
MAX_VIEWS = 50


@transaction.atomic
def save(name: str, filters: dict[str, Any], *, by: User, shared: bool = False) -> SavedView:
    """Keep filters under a name, at the end of the list; the same name of the same owner is replaced."""
    policy.require(by, "conversation.read")
    if shared:
        policy.require(by, "view.share")
    name = _clean(name)
    owner = None if shared else by
    mine = SavedView.objects.filter(organisation_id=by.organisation_id, owner=owner)
    known = mine.select_for_update().filter(name=name).first()
    if known is not None:
        known.filters = filters
        known.save(update_fields=["filters"])
        return known
    if mine.count() >= MAX_VIEWS:
        raise Invalid(_("There are %(limit)s views already. Delete one first."), limit=MAX_VIEWS)
    last = mine.aggregate(last=Max("position"))["last"]
    view = SavedView.objects.create(
        organisation_id=by.organisation_id,
        owner=owner,
        name=name,
        filters=filters,
        position=0 if last is None else last + 1,
        created_at=clock.now(),
    )
    if shared:
        _record("view.shared", view, by)
    return view


@transaction.atomic
def delete(view_id: int, *, by: User) -> None:
    view = _mine(view_id, by)
    if view.owner_id is None:
        _record("view.deleted", view, by)
    view.delete()


@transaction.atomic
def rename(view_id: int, name: str, *, by: User) -> SavedView:
    view = _mine(view_id, by)
    view.name = _clean(name)
    view.save(update_fields=["name"])
    return view


@transaction.atomic
def reorder(view_ids: Sequence[int], *, by: User) -> None:
    """One's own views in this order; ids that are not one's own are left alone."""
    policy.require(by, "conversation.read")
    mine = {view.pk: view for view in SavedView.objects.filter(owner=by, pk__in=view_ids)}
    changed = []
    for position, view_id in enumerate(dict.fromkeys(view_ids)):
        if view_id in mine and mine[view_id].position != position:
            mine[view_id].position = position
            changed.append(mine[view_id])
    SavedView.objects.bulk_update(changed, ["position"])


def _mine(view_id: int, by: User) -> SavedView:
    """One's own view, or a shared one for those who may share."""
    policy.require(by, "conversation.read")
    view = SavedView.objects.filter(
        Q(owner=by) | Q(owner=None), pk=view_id, organisation_id=by.organisation_id
    ).first()
    if view is None:
        raise ports.NotFound
    if view.owner_id is None:
        policy.require(by, "view.share")
    return view


def _clean(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME:
        raise Invalid(_("A view needs a name of at most %(limit)s characters."), field="name", limit=MAX_NAME)
    return name


def _record(action: str, view: SavedView, by: User) -> None:
    audit.record(
        action, organisation_id=by.organisation_id, by=by, kind="view", object_id=view.pk, name=view.name
    )

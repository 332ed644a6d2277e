"""Labels: the company's own words on conversations."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.inbox import ports
from otklik.inbox.models import Conversation, ConversationLabel, Label
from otklik.inbox.services.reply import lock
from otklik.inbox.services.state import announce
from otklik.kernel import clock
from otklik.kernel.errors import Conflict, Invalid

COLOURS = ("grey", "red", "amber", "green", "teal", "blue", "plum")  # class names
MAX_NAME = 60


@transaction.atomic
def add(conversation_id: int, label_id: int, *, by: User) -> bool:
    """Put a label on; False when it was there. Raises NotFound, Forbidden."""
    conversation = lock(conversation_id, by)
    policy.require(by, "conversation.label", conversation)
    label = _label(label_id, by)
    if label.archived_at is not None:
        raise Invalid(_("The label “%(label)s” is archived. Choose another one."), label=label.name)
    if ConversationLabel.objects.filter(conversation=conversation, label=label).exists():
        return False
    ConversationLabel.objects.create(conversation=conversation, label=label)
    _tell(conversation, label, by, "conversation.labelled")
    return True


@transaction.atomic
def remove(conversation_id: int, label_id: int, *, by: User) -> bool:
    """Take a label off; False when it was not there."""
    conversation = lock(conversation_id, by)
    policy.require(by, "conversation.label", conversation)
    label = _label(label_id, by)
    deleted, _rows = ConversationLabel.objects.filter(conversation=conversation, label=label).delete()
    if deleted:
        _tell(conversation, label, by, "conversation.unlabelled")
    return bool(deleted)


def _tell(conversation: Conversation, label: Label, by: User, action: str) -> None:
    audit.record(
        action,
        organisation_id=conversation.organisation_id,
        by=by,
        kind="conversation",
        object_id=conversation.pk,
        label_id=label.pk,
        label=label.name,
    )
    announce(conversation, "labels")


def _label(label_id: int, by: User) -> Label:
    found = Label.objects.filter(pk=label_id, organisation_id=by.organisation_id).first()
    if found is None:
        raise ports.NotFound
    return found


def create(name: str, colour: str = "grey", *, by: User) -> Label:
    """A new label; an archived one with this name comes back. Raises Forbidden, Invalid, Conflict."""
    policy.require(by, "label.write")
    name, colour = _clean(name), _colour(colour)
    with transaction.atomic():
        known = _named(name, by)
        if known is not None and known.archived_at is None:
            raise _taken(name)
        if known is not None:
            known.archived_at = None
            known.colour = colour
            known.save(update_fields=["archived_at", "colour"])
            label = known
        else:
            label = _insert(name, colour, by)
        _record("label.created", label, by)
    return label


def _named(name: str, by: User) -> Label | None:
    """By name in any case; compared here, because SQLite knows only the case of Latin letters."""
    rows = Label.objects.select_for_update().filter(organisation_id=by.organisation_id)
    return next((row for row in rows if row.name.casefold() == name.casefold()), None)


def _insert(name: str, colour: str, by: User) -> Label:
    try:
        with transaction.atomic():
            return Label.objects.create(organisation_id=by.organisation_id, name=name, colour=colour)
    except IntegrityError as error:
        raise _taken(name) from error


@transaction.atomic
def rename(label_id: int, name: str, colour: str = "", *, by: User) -> Label:
    """Another name or colour; every conversation shows it at once. Raises NotFound, Invalid, Conflict."""
    policy.require(by, "label.write")
    label = _label(label_id, by)
    name = _clean(name)
    if (known := _named(name, by)) is not None and known.pk != label.pk:
        raise _taken(name)
    label.name = name
    label.colour = _colour(colour) if colour else label.colour
    label.save(update_fields=["name", "colour"])
    _record("label.renamed", label, by)
    return label


@transaction.atomic
def archive(label_id: int, *, by: User) -> None:
    """No longer offered; conversations that carry it keep it."""
    policy.require(by, "label.write")
    label = _label(label_id, by)
    if label.archived_at is None:
        label.archived_at = clock.now()
        label.save(update_fields=["archived_at"])
        _record("label.archived", label, by)


def _record(action: str, label: Label, by: User) -> None:
    audit.record(
        action, organisation_id=by.organisation_id, by=by, kind="label", object_id=label.pk, name=label.name
    )


def _clean(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME:
        raise Invalid(
            _("A label needs a name of at most %(limit)s characters."), field="name", limit=MAX_NAME
        )
    return name


def _colour(colour: str) -> str:
    if colour not in COLOURS:
        raise Invalid(_("Choose one of the offered colours."), field="colour")
    return colour


def _taken(name: str) -> Conflict:
    return Conflict(_("There is a label “%(name)s” already."), code="name_taken", name=name)

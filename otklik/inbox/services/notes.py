"""Notes for colleagues: never leave the company, may name people with @."""

from __future__ import annotations

import re

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts import queries as accounts
from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.inbox.events import TOPIC_MESSAGE, TOPIC_PERSONAL
from otklik.inbox.models import Attachment, Conversation, Direction, Draft, Mention, Message
from otklik.inbox.services.receive import SEARCH_KIND
from otklik.inbox.services.reply import by_client_key, lock
from otklik.inbox.services.text import search_text
from otklik.kernel import clock, events, textindex
from otklik.kernel.errors import Invalid

_AT = re.compile(r"(?<![\w.])@")


def add(conversation_id: int, text: str, *, by: User, client_key: str = "") -> Message:
    """Write a note; files of the person's note draft go with it. Returns the first one when `client_key` comes again.

    Raises NotFound, Forbidden, Invalid when there is nothing in it.
    """
    try:
        with transaction.atomic():
            return _add(conversation_id, text, by, client_key)
    except IntegrityError:
        known = by_client_key(by, client_key)  # the same click, a moment earlier, in another process
        if known is None:
            raise
        return known


def _add(conversation_id: int, text: str, by: User, client_key: str) -> Message:
    conversation = lock(conversation_id, by)
    policy.require(by, "conversation.note", conversation)
    if (known := by_client_key(by, client_key)) is not None:
        return known
    draft = Draft.objects.filter(conversation=conversation, user=by, mode="note").first()
    files = list(Attachment.objects.filter(draft=draft)) if draft else []
    if not text.strip() and not files:
        raise Invalid(_("The note is empty: write something or attach a file."), field="text")
    now = clock.now()
    note = Message.objects.create(
        organisation_id=conversation.organisation_id,
        conversation=conversation,
        account_id=conversation.account_id,
        direction=Direction.NOTE,
        author_user=by,
        author_name=by.name,
        text=text.strip(),
        client_key=client_key or None,
        occurred_at=now,
        created_at=now,
        has_files=bool(files),
    )
    Attachment.objects.filter(pk__in=[one.pk for one in files]).update(message=note, draft=None)
    if draft is not None:
        draft.delete()
    _index(note)
    _mention(note, by)
    audit.record(
        "note.added",
        organisation_id=note.organisation_id,
        by=by,
        kind="conversation",
        object_id=conversation.pk,
        message_id=note.pk,
    )
    _publish(note, conversation)
    return note


def by_rule(conversation: Conversation, text: str, *, rule: str) -> Message:
    """A note that a rule leaves in a locked conversation, in the caller's transaction; people named in it are told."""
    now = clock.now()
    note = Message.objects.create(
        organisation_id=conversation.organisation_id,
        conversation=conversation,
        account_id=conversation.account_id,
        direction=Direction.NOTE,
        author_name=str(_("Rule “%(rule)s”") % {"rule": rule}),
        text=text,
        occurred_at=now,
        created_at=now,
    )
    _index(note)
    _mention(note, None)
    _publish(note, conversation)
    return note


def _index(note: Message) -> None:
    entry = textindex.Entry(
        note.organisation_id, SEARCH_KIND, note.pk, note.conversation_id, search_text(note)
    )
    textindex.add([entry])


def _publish(note: Message, conversation: Conversation) -> None:
    events.publish(
        TOPIC_MESSAGE,
        note.organisation_id,
        conversation_id=conversation.pk,
        message_id=note.pk,
        direction=note.direction,
        assignee_id=conversation.assignee_id,
    )


def _mention(note: Message, by: User | None) -> None:
    people = mentioned(note.text, list(accounts.staff(note.organisation_id)))
    Mention.objects.bulk_create([Mention(message=note, user=one) for one in people])
    for one in people:
        if by is None or one.pk != by.pk:
            events.publish(
                TOPIC_PERSONAL,
                note.organisation_id,
                user_id=one.pk,
                kind="mention",
                conversation_id=note.conversation_id,
                message_id=note.pk,
                by=note.author_name,
            )


def mentioned(text: str, staff: list[User]) -> list[User]:
    """People named as @Имя Фамилия, or by a first name that only one person has; case and ё do not matter."""
    names = [(_fold(one.name), one) for one in staff if one.name.strip()]
    firsts: dict[str, list[User]] = {}
    for name, one in names:
        firsts.setdefault(name.split()[0], []).append(one)
    names += [(first, who[0]) for first, who in firsts.items() if len(who) == 1]
    names.sort(key=lambda pair: -len(pair[0]))
    folded = _fold(text, keep_length=True)
    found: dict[int, User] = {}
    for match in _AT.finditer(folded):
        rest = re.sub(r"\s+", " ", folded[match.end() : match.end() + 250])
        for name, one in names:
            if rest.startswith(name) and not re.match(r"\w", rest[len(name) :]):
                found.setdefault(one.pk, one)
                break
    return list(found.values())


def _fold(text: str, *, keep_length: bool = False) -> str:
    folded = text.lower().replace("ё", "е")
    return folded if keep_length else re.sub(r"\s+", " ", folded).strip()

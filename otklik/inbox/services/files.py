"""Files of answers and notes: they lie at the draft until it leaves."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from otklik.accounts.principals import User
from otklik.channels.mail.engine.sniff import safe_filename, sniff
from otklik.inbox import ports, queries
from otklik.inbox.models import Attachment, Draft
from otklik.inbox.services.drafts import MODES
from otklik.kernel import clock, media
from otklik.kernel.errors import Invalid

MAX_BYTES = 25 * 1024 * 1024  # of all files of one answer together: what mail servers commonly take
MAX_FILES = 20


def attach(conversation_id: int, mode: str, filename: str, content: bytes, *, by: User) -> Attachment:
    """Add a file to one's draft (created when missing). Its type is read from the bytes, its name is cleaned.

    Raises NotFound, Invalid (empty, too large, too many).
    """
    conversation = queries.conversation(by, conversation_id)
    if mode not in MODES:
        raise Invalid(_("A draft is public, private or a note."), field="mode")
    if not content:
        raise Invalid(_("The file “%(name)s” is empty."), field="file", name=filename)
    if len(content) > MAX_BYTES:
        raise _too_large()
    digest = media.put(content)  # before the transaction: a slow disk must not hold the database
    with transaction.atomic():
        draft, _created = Draft.objects.get_or_create(
            conversation=conversation, user=by, mode=mode, defaults={"updated_at": clock.now()}
        )
        Draft.objects.select_for_update().get(pk=draft.pk)
        there = draft.attachments.aggregate(size=Sum("size"))["size"] or 0
        number = draft.attachments.count()
        if there + len(content) > MAX_BYTES:
            raise _too_large()
        if number >= MAX_FILES:
            raise Invalid(_("At most %(limit)s files go with one answer."), field="file", limit=MAX_FILES)
        kind = sniff(content, "", filename)
        return Attachment.objects.create(
            organisation_id=conversation.organisation_id,
            draft=draft,
            filename=safe_filename(filename, kind, number + 1),
            content_type=kind[:100],
            size=len(content),
            digest=digest,
            uploaded_by=by,
        )


def remove(attachment_id: int, *, by: User) -> None:
    """Take one's own file off a draft. Raises NotFound; a file of a sent answer stays."""
    deleted, _rows = Attachment.objects.filter(
        pk=attachment_id, organisation_id=by.organisation_id, uploaded_by=by, message=None
    ).delete()
    if not deleted:
        raise ports.NotFound


def _too_large() -> Invalid:
    return Invalid(
        _("Files of one answer may have %(limit)s MB together. Send a link, or fewer files."),
        field="file",
        limit=MAX_BYTES // (1024 * 1024),
    )

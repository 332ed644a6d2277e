"""One message: its HTML, source and files; what to do when its delivery is in doubt."""

from __future__ import annotations

import base64
import re

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from otklik.accounts import policy
from otklik.analysis import services as analysis
from otklik.channels import intake
from otklik.channels import queries as channels
from otklik.inbox import queries, subjects, understood
from otklik.inbox.models import Attachment, Message, RemoteImage
from otklik.inbox.presenters import PREVIEWED
from otklik.inbox.services import drafts, files, images, scheduled
from otklik.inbox.services import reply as answers
from otklik.inbox.views.common import StaffRequest, done, reads, reason_of, speaks_json, writes
from otklik.kernel import media
from otklik.kernel.errors import Conflict, NotFound

CID = re.compile(r'src="cid:([^"]+)"', re.IGNORECASE)
INLINE_LIMIT = 4 * 1024 * 1024  # bytes of inline images put into one page
FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self';"
    " sandbox allow-popups allow-popups-to-escape-sandbox"
)
FILE_POLICY = "default-src 'none'; sandbox"
# what stands where an image could not be had: quiet, and of no fixed size
PLACEHOLDER = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32" viewBox="0 0 32 32" fill="none" '
    b'stroke="#858d9b"><rect x="1" y="1" width="30" height="30" rx="3" stroke-dasharray="3 3"/>'
    b'<path d="M9 22l5-6 3 3 3-4 4 7M8 8l16 16"/></svg>'
)


@reads
def html(request: StaffRequest, message_id: int) -> HttpResponse:
    """The sanitised HTML of a mail, a document of its own for a sandboxed frame.

    Remote images stay blocked until a person asks (`?images=1`); then they come as copies from our server.
    """
    message = queries.message(request.user, message_id)
    if not message.html or message.deleted_at is not None:
        raise NotFound
    asked = request.GET.get("images") == "1"
    body = images.body(message, shown_to=request.user if asked else None)
    page = render_to_string("inbox/mail_frame.html", request=request)
    # the sanitised body (cleaned on entry) takes the place of a marker, outside the template's escaping
    response = HttpResponse(page.replace("<!--body-->", _with_inline_images(message, body)))
    response["Content-Security-Policy"] = FRAME_POLICY
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"  # links to images hold for minutes only
    return response


@login_not_required
@require_GET
def remote_image(request: HttpRequest, token: str) -> HttpResponse | FileResponse:
    """Our copy of a remote image. The sandboxed frame sends no session: the signed link says for whom it is."""
    found = images.fetch(token)
    ready = found.state == RemoteImage.State.READY and media.path_of(found.digest).exists()
    response: HttpResponse | FileResponse
    if ready:
        response = FileResponse(media.path_of(found.digest).open("rb"), content_type=found.content_type)
    else:
        response = HttpResponse(PLACEHOLDER, content_type="image/svg+xml")
    response["Content-Security-Policy"] = FILE_POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = f"private, max-age={images.LINK_AGE}" if ready else "no-store"
    return response


def _with_inline_images(message: Message, body: str) -> str:
    """`cid:` images become data: a sandboxed frame has no session to fetch them with."""
    by_id = {one.content_id.strip("<>"): one for one in message.attachments.all() if one.content_id}
    left = INLINE_LIMIT

    def put(match: re.Match[str]) -> str:
        nonlocal left
        found = by_id.get(match[1])
        if found is None or found.content_type not in PREVIEWED or found.size > left:
            return 'alt=""'
        left -= found.size
        return f'src="data:{found.content_type};base64,{base64.b64encode(media.get(found.digest)).decode()}"'

    return CID.sub(put, body)


@reads
def raw(request: StaffRequest, message_id: int) -> HttpResponse:
    """The event exactly as the channel gave it, as a download."""
    message = queries.message(request.user, message_id)
    if message.raw_event_id is None or (
        message.deleted_at is not None and not policy.can(request.user, "conversation.deleted_copy")
    ):
        raise NotFound
    event = channels.raw_event(request.user.organisation_id, message.raw_event_id)
    mail = "rfc822" in event.content_type or event.account.kind == "mail"
    response = HttpResponse(intake.to_protocol(event).payload, content_type="application/octet-stream")
    name = f"otklik-{message.pk}.{'eml' if mail else 'txt'}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Content-Security-Policy"] = FILE_POLICY
    return response


@reads
def copy(request: StaffRequest, message_id: int) -> HttpResponse:
    """The text of a deleted message, for those who may open it."""
    policy.require(request.user, "conversation.deleted_copy")
    message = queries.message(request.user, message_id)
    return render(request, "inbox/_copy.html", {"message": message})


@reads
def file(request: StaffRequest, attachment_id: int) -> FileResponse:
    """A file: safe images may be shown in place, everything else is downloaded."""
    policy.require(request.user, "conversation.read")
    found = (
        Attachment.objects.select_related("message")
        .filter(organisation_id=request.user.organisation_id, pk=attachment_id)
        .first()
    )
    if found is None or (found.message is None and found.uploaded_by_id != request.user.pk):
        raise NotFound
    if (
        found.message
        and found.message.deleted_at
        and not policy.can(request.user, "conversation.deleted_copy")
    ):
        raise NotFound
    shown = found.content_type in PREVIEWED and "view" in request.GET
    path = media.path_of(found.digest)
    if not path.exists():
        raise NotFound
    response = FileResponse(
        path.open("rb"), content_type=found.content_type if shown else "application/octet-stream"
    )
    response["Content-Disposition"] = content_disposition_header(not shown, found.filename) or "attachment"
    response["Content-Security-Policy"] = FILE_POLICY
    response["Cache-Control"] = "private, max-age=86400"
    return response


@writes
@speaks_json
def cancel(request: StaffRequest, message_id: int) -> HttpResponse:
    """Undo of send: the answer does not leave, its text is a draft again, the conversation is as it was."""
    draft = drafts.from_cancelled(message_id, by=request.user)
    return done(request, draft.conversation_id, _("Taken back. The text is a draft again"), draft=draft.mode)


@writes
@speaks_json
def planned(request: StaffRequest, message_id: int, act: str) -> HttpResponse:
    """A planned answer: `cancel` makes it a draft again, `now` lets it leave at once."""
    if act == "cancel":
        draft = scheduled.cancel(message_id, by=request.user)
        text = _("Taken back. The text is a draft again")
        own = draft.user_id == request.user.pk
        return done(request, draft.conversation_id, text, draft=draft.mode if own else "")
    if act != "now":
        raise NotFound
    message = scheduled.send_now(message_id, reason_of(request), by=request.user)
    return done(request, message.conversation_id, _("The answer goes out"))


@writes
@speaks_json
def to_draft(request: StaffRequest, message_id: int) -> HttpResponse:
    """A failed answer as a draft, to be changed and sent anew; the failed one stays as evidence."""
    message = queries.message(request.user, message_id)
    policy.require(request.user, "conversation.reply", message)
    if message.direction != "out" or message.delivery_state not in ("failed", "cancelled"):
        raise Conflict
    pk, mode = message.conversation_id, message.visibility
    with transaction.atomic():
        recipients = {field: list(message.recipients.get(field) or []) for field in ("to", "cc")}
        drafts.save(pk, mode, message.text, by=request.user, recipients=recipients)
        for one in message.attachments.all():
            files.attach(pk, mode, one.filename, media.get(one.digest), by=request.user)
    return done(request, pk, _("The text is in the composer"), draft=mode)


@writes
def reading(request: StaffRequest, message_id: int) -> HttpResponse:
    """A person's word on what was read: `field` and the right `label`, or the one that stands there."""
    message = queries.message(request.user, message_id)
    field, label = request.POST.get("field", ""), "|".join(request.POST.getlist("label"))
    analysis.correct(subjects.KIND, message.pk, field, label, by=request.user)
    return _reading(request, message, opened=True)


@reads
def why(request: StaffRequest, message_id: int) -> HttpResponse:
    """Every field that was read with its reason: short for the list, or with corrections for the thread."""
    message = queries.message(request.user, message_id)
    if "short" in request.GET:
        found = understood.of([message]).get(message.pk)
        return render(request, "inbox/_why.html", {"read": found})
    return _reading(request, message, opened="close" not in request.GET)


def _reading(request: StaffRequest, message: Message, *, opened: bool) -> HttpResponse:
    found = understood.of([message], choices=opened).get(message.pk)
    if found is None:
        raise NotFound
    return render(request, "inbox/_reading.html", {"read": found, "opened": opened})


@writes
@speaks_json
def decide(request: StaffRequest, message_id: int, answer: str) -> HttpResponse:
    """What a person saw at the far end about an uncertain answer: `arrived` or `again`; `retry` for a failed one."""
    if answer == "retry":
        worked = answers.retry(message_id, by=request.user)
    elif answer in ("arrived", "again"):
        worked = answers.decide(message_id, arrived=answer == "arrived", by=request.user)
    else:
        raise NotFound
    if not worked:
        raise Conflict
    message = queries.message(request.user, message_id)
    text = _("Marked as arrived") if answer == "arrived" else _("Being sent again")
    return done(request, message.conversation_id, text)


@writes
@speaks_json
def posted(request: StaffRequest, message_id: int) -> HttpResponse:
    """An answer that a person has put on the site by hand; the address is the proof."""
    message = answers.mark_posted(message_id, request.POST.get("url", "").strip(), by=request.user)
    return done(request, message.conversation_id, _("Marked as posted"))

"""What is said: the thread, answers, notes, drafts, files, and what became of an answer on its way."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import FileResponse
from ninja import File, Query, Router, Schema
from ninja.files import UploadedFile
from pydantic import Field

from otklik.channels import queries as channels
from otklik.inbox import queries, style, understood, ways
from otklik.inbox.api.keys import client_key
from otklik.inbox.api.shapes import (
    Addresses,
    AdviceIn,
    AdviceOut,
    FileOut,
    MessageOut,
    Mode,
    NoteIn,
    Reason,
    ReplyIn,
)
from otklik.inbox.models import Attachment, Draft, Message
from otklik.inbox.services import drafts, files, notes, recipients, reply, scheduled, wishes
from otklik.inbox.services.outgoing import Answer
from otklik.kernel import clock, media
from otklik.kernel.errors import NotFound
from otklik.kernel.rest import Call, Done, Given, Id, Page, Window, cut, operation

router = Router(tags=["Messages"])


@operation(
    router,
    "GET",
    "/conversations/{conversation_id}/messages",
    right="conversation.read",
    answer=Page[MessageOut],
)
def list_messages(request: Call, conversation_id: Id, window: Query[Window]) -> Any:
    """The thread, oldest first."""
    one = queries.conversation(request.auth, conversation_id)
    rows = one.messages.prefetch_related("attachments")
    items, following = cut(rows.all(), ("occurred_at", "id"), cursor=window.cursor, limit=window.limit)
    return {"items": items, "next": following}


@operation(router, "GET", "/messages/{message_id}", right="conversation.read", answer=MessageOut)
def get_message(request: Call, message_id: Id) -> Message:
    """One message."""
    return queries.message(request.auth, message_id)


class ReadFieldOut(Schema):
    """`quotes`: the words that speak for it. `percent`: how sure the machine is; null after a person's word."""

    field: str = Field(alias="name", serialization_alias="field")
    title: str
    labels: list[str]
    text: str
    quotes: list[str]
    percent: int | None
    unsure: bool
    corrected: bool


Style = Annotated[
    str,
    Field(
        description="non_intrusive: the author did not ask for an answer; one may write, then briefly, without"
        " questions and without offers. Empty: as usual. It forbids nothing"
    ),
]


class ReadingOut(Schema):
    message_id: int
    priority: str
    style: Style
    objects: list[dict[str, Any]] = Field(description="named things and the tone towards each")
    fields: list[ReadFieldOut]


@operation(router, "GET", "/messages/{message_id}/reading", right="conversation.read", answer=ReadingOut)
def get_reading(request: Call, message_id: Id) -> dict[str, Any]:
    """What was read in a message of the customer, field by field; 404 until it has been read."""
    found = understood.of([queries.message(request.auth, message_id)]).get(message_id)
    if found is None:
        raise NotFound
    return {
        "message_id": message_id,
        "priority": found.priority,
        "style": style.of_message(message_id),
        "objects": found.objects,
        "fields": found.fields,
    }


@operation(
    router,
    "POST",
    "/conversations/{conversation_id}/replies",
    right="conversation.reply",
    answer=MessageOut,
    status=201,
    example={"text": "Здравствуйте, Ирина! Деньги вернутся до 25 ноября.", "visibility": "private"},
)
def reply_to_conversation(request: Call, conversation_id: Id, data: ReplyIn) -> Message:
    """Answer the customer.

    The answer leaves after the undo time. Send an Idempotency-Key: whatever the network does, it leaves once.
    """
    answer = Answer(
        text=data.text,
        visibility=data.visibility,
        client_key=client_key(request),
        to=tuple(filter(None, [data.to] if isinstance(data.to, str) else data.to)),
        cc=tuple(data.cc),
        attachment_ids=tuple(data.attachment_ids),
        seen_message_id=data.seen_message_id,
        close=data.close,
        reason=data.deviation_reason,
        send_at=data.send_at,
    )
    return reply.reply(conversation_id, answer, by=request.auth)


class AdvisedOut(AdviceOut):
    style: Style


@operation(
    router,
    "POST",
    "/conversations/{conversation_id}/advice",
    right="conversation.reply",
    answer=AdvisedOut,
    example={"text": "Hello, Irina!"},
)
def advise(request: Call, conversation_id: Id, data: AdviceIn) -> dict[str, Any]:
    """How to answer, and what an answer would do otherwise than the customer asked. Nothing is stored.

    With an empty `wishes` no `deviation_reason` is needed.
    """
    one = queries.conversation(request.auth, conversation_id)
    org, customer, moment = one.organisation_id, one.customer_id, clock.now()
    facts = channels.facts(one.account_id)
    found = wishes.of_answer(one, visibility=data.visibility, text=data.text, moment=moment)
    return {
        "style": style.of_conversation(one.pk),
        "wishes": found,
        "preferred_at": wishes.preferred_moment(org, customer, moment),
        "ways": ways.ways(org, customer),
        "recipients": recipients.propose(one, facts) if facts.kind == "mail" else None,
    }


@operation(
    router,
    "POST",
    "/conversations/{conversation_id}/notes",
    right="conversation.note",
    answer=MessageOut,
    status=201,
    example={"text": "@Борис посмотри, пожалуйста"},
)
def add_note(request: Call, conversation_id: Id, data: NoteIn) -> Message:
    """A note for colleagues. It never leaves the company."""
    return notes.add(conversation_id, data.text, by=request.auth, client_key=client_key(request))


class DraftOut(Schema):
    conversation_id: int
    mode: str
    text: str
    recipients: dict[str, Any]
    updated_at: datetime
    files: list[FileOut]

    @staticmethod
    def resolve_files(one: Draft) -> Any:
        return one.attachments.all()


class DraftIn(Given):
    """`to` and `cc` of a mail; without them they stay as they are."""

    text: str = Field(max_length=200_000)
    to: Addresses | None = None
    cc: Addresses | None = None
    seen_message_id: int = Field(0, ge=0, le=2**63 - 1)


@operation(router, "POST", "/messages/{message_id}/undo", right="conversation.reply", answer=DraftOut)
def undo_send(request: Call, message_id: Id) -> Draft:
    """Take an answer back while it has not left; it becomes a draft again."""
    return drafts.from_cancelled(message_id, by=request.auth)


@operation(
    router, "POST", "/messages/{message_id}/schedule/cancel", right="conversation.reply", answer=DraftOut
)
def cancel_scheduled(request: Call, message_id: Id) -> Draft:
    """Take a planned answer back; it becomes a draft of its author."""
    return scheduled.cancel(message_id, by=request.auth)


class SendNowIn(Given):
    deviation_reason: Reason = ""


@operation(
    router, "POST", "/messages/{message_id}/schedule/send-now", right="conversation.reply", answer=MessageOut,
    example={"deviation_reason": "urgent"},
)  # fmt: skip
def send_scheduled_now(request: Call, message_id: Id, data: SendNowIn) -> Message:
    """Send a planned answer at once.

    Outside the customer's best hours it needs a reason.
    """
    return scheduled.send_now(message_id, data.deviation_reason, by=request.auth)


@operation(
    router, "GET", "/conversations/{conversation_id}/drafts", right="conversation.read", answer=list[DraftOut]
)
def list_drafts(request: Call, conversation_id: Id) -> Any:
    """My drafts of a conversation."""
    one = queries.conversation(request.auth, conversation_id)
    return one.drafts.filter(user=request.auth).prefetch_related("attachments").order_by("mode")


@operation(
    router,
    "PUT",
    "/conversations/{conversation_id}/drafts/{mode}",
    right="conversation.read",
    answer=DraftOut,
    example={"text": "Здравствуйте, "},
)
def save_draft(request: Call, conversation_id: Id, mode: Mode, data: DraftIn) -> Draft:
    """Keep what is being written."""
    given = {name: value for name in ("to", "cc") if (value := getattr(data, name)) is not None}
    return drafts.save(
        conversation_id,
        mode,
        data.text,
        by=request.auth,
        recipients=given or None,
        seen_message_id=data.seen_message_id,
    )


@operation(
    router, "DELETE", "/conversations/{conversation_id}/drafts/{mode}", right="conversation.read", answer=Done
)
def discard_draft(request: Call, conversation_id: Id, mode: Mode) -> Done:
    """Throw a draft away with its files."""
    drafts.discard(conversation_id, mode, by=request.auth)
    return Done()


class DraftMode(Schema):
    mode: Mode = "private"


@operation(
    router,
    "POST",
    "/conversations/{conversation_id}/attachments",
    right="conversation.read",
    answer=FileOut,
    status=201,
    within=False,
)
def upload_attachment(
    request: Call, conversation_id: Id, where: Query[DraftMode], file: File[UploadedFile]
) -> Attachment:
    """Upload a file for an answer or a note.

    It lies at the draft; send its id in `attachment_ids` of the answer.
    """
    return files.attach(conversation_id, where.mode, file.name or "file", file.read(), by=request.auth)


@operation(
    router,
    "GET",
    "/attachments/{attachment_id}",
    right="conversation.read",
    answer=None,
    produces="application/octet-stream",
)
def download_attachment(request: Call, attachment_id: Id) -> FileResponse:
    """The content of a file."""
    found = Attachment.objects.filter(organisation_id=request.auth.organisation_id, pk=attachment_id).first()
    if found is None or (found.message_id is None and found.uploaded_by_id != request.auth.pk):
        raise NotFound
    if found.message is not None and found.message.deleted_at is not None:
        raise NotFound
    try:
        content = media.path_of(found.digest).open("rb")
    except OSError as error:
        raise NotFound from error
    response = FileResponse(content, as_attachment=True, filename=found.filename)
    response["Content-Type"] = "application/octet-stream"  # never rendered, whatever it is
    return response


@operation(router, "DELETE", "/attachments/{attachment_id}", right="conversation.read", answer=Done)
def remove_attachment(request: Call, attachment_id: Id) -> Done:
    """Take one's own file off a draft."""
    files.remove(attachment_id, by=request.auth)
    return Done()


class DecisionIn(Given):
    """`arrived`: true, it is there; false, send it again."""

    arrived: bool


class ChangedOut(Schema):
    """`changed` is false when it was decided already."""

    changed: bool


@operation(
    router,
    "POST",
    "/messages/{message_id}/delivery/decide",
    right="delivery.resolve",
    answer=ChangedOut,
    example={"arrived": True},
)
def decide_delivery(request: Call, message_id: Id, data: DecisionIn) -> dict[str, bool]:
    """Say what became of an uncertain answer."""
    return {"changed": reply.decide(message_id, arrived=data.arrived, by=request.auth)}


@operation(
    router, "POST", "/messages/{message_id}/delivery/retry", right="delivery.resolve", answer=ChangedOut
)
def retry_delivery(request: Call, message_id: Id) -> dict[str, bool]:
    """Send a failed answer again."""
    return {"changed": reply.retry(message_id, by=request.auth)}


class PostedIn(Given):
    url: str = Field("", max_length=1000)


@operation(
    router, "POST", "/messages/{message_id}/posted", right="conversation.reply", answer=MessageOut,
    example={"url": "https://otzovik.example/review_1#answer"},
)  # fmt: skip
def mark_posted(request: Call, message_id: Id, data: PostedIn) -> Message:
    """A person has posted the answer on the site."""
    return reply.mark_posted(message_id, data.url, by=request.auth)

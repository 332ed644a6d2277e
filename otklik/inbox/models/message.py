"""What was said: messages, their revisions and files."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from otklik.inbox.models.conversation import Conversation


class Direction(models.TextChoices):
    IN = "in", _("From the customer")
    OUT = "out", _("From us")
    NOTE = "note", _("Internal note")
    SYSTEM = "system", _("What happened")


class Message(models.Model):
    """`auto`: none, auto_reply, bounce, list. `delivery_state` mirrors the delivery so that a thread is one query."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    account = models.ForeignKey("channels.ChannelAccount", on_delete=models.PROTECT, related_name="+")
    direction = models.CharField(max_length=6, choices=Direction)
    visibility = models.CharField(max_length=8, default="private")
    author_user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="+")
    author_customer = models.ForeignKey(
        "people.Customer", on_delete=models.PROTECT, null=True, related_name="+"
    )
    author_name = models.CharField(max_length=200, blank=True, default="")
    author_address = models.CharField(max_length=254, blank=True, default="")
    subject = models.CharField(max_length=500, blank=True, default="")
    text = models.TextField(blank=True, default="")
    quoted = models.TextField(blank=True, default="")
    html = models.TextField(blank=True, default="")  # sanitised, shown in its own sandboxed frame
    # unique in its account; None for what has none (notes): two empty strings would clash
    external_id = models.CharField(max_length=254, null=True)  # noqa: DJ001 as said above
    # how the far end names it, e.g. the Message-ID
    wire_id = models.CharField(max_length=254, blank=True, default="")
    in_reply_to = models.CharField(max_length=254, blank=True, default="")
    references = models.JSONField(default=list)
    recipients = models.JSONField(default=dict)  # {"to": [...], "cc": [...]}
    auto = models.CharField(max_length=12, default="none")
    problems = models.JSONField(default=list)  # [[code, message]]
    raw_event_id = models.BigIntegerField(null=True)
    revision = models.CharField(max_length=64, blank=True, default="")
    # the browser's or API client's key: a double click sends once; None for what was not sent by one
    client_key = models.CharField(max_length=64, null=True)  # noqa: DJ001 unique, and None does not clash
    delivery_state = models.CharField(max_length=16, blank=True, default="")
    due_at = models.DateTimeField(null=True)  # of an answer to be sent later: when it leaves
    delivery_error = models.TextField(blank=True, default="")
    permalink = models.CharField(
        max_length=1000, blank=True, default=""
    )  # where it can be seen at the far end
    undo = models.JSONField(
        default=dict
    )  # of an answer: the conversation before and after it (services/summary.py)
    # of an answer: wishes of the customer that it did not keep, and why (services/wishes.py)
    deviation = models.JSONField(default=dict)
    event = models.JSONField(default=dict)  # of a system line: {"code", …}, worded when shown
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.CharField(max_length=200, blank=True, default="")
    has_files = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "external_id"], name="message_external_once"),
            models.UniqueConstraint(fields=["organisation", "client_key"], name="message_client_once"),
            models.CheckConstraint(
                condition=Q(direction__in=Direction.values), name="message_direction_known"
            ),
            models.CheckConstraint(
                condition=~Q(direction="out") | Q(author_user__isnull=False), name="message_out_has_author"
            ),
        ]
        indexes = [
            models.Index(fields=["conversation", "occurred_at", "id"], name="message_thread"),
            models.Index(fields=["account", "wire_id"], name="message_wire", condition=~Q(wire_id="")),
        ]


class Revision(models.Model):
    """The text before an edit; never changed."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="revisions")
    text = models.TextField()
    replaced_at = models.DateTimeField()


class ParkedChange(models.Model):
    """An edit, delete or bounce that came before its message; applied when the message arrives."""

    account = models.ForeignKey("channels.ChannelAccount", on_delete=models.CASCADE, related_name="+")
    target_id = models.CharField(max_length=254)
    kind = models.CharField(max_length=8)
    text = models.TextField(blank=True, default="")
    revision = models.CharField(max_length=64, blank=True, default="")
    occurred_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["account", "target_id"], name="parked_target")]


class Attachment(models.Model):
    """A file of a message or of a draft; the content lies in media under its sha256."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, null=True, related_name="attachments")
    draft = models.ForeignKey("inbox.Draft", on_delete=models.CASCADE, null=True, related_name="attachments")
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)
    inline = models.BooleanField(default=False)
    content_id = models.CharField(max_length=254, blank=True, default="")
    uploaded_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")

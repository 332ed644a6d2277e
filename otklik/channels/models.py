"""Connected accounts, raw events as they came, deliveries as they went."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from otklik.kernel import secrets
from otklik.kernel.jobs import FileJob


class ChannelAccount(models.Model):
    """One mailbox, feed, page or import source of an organisation."""

    class TreatAs(models.TextChoices):
        MESSAGE = "message", _("Conversations in the inbox")
        MENTION = "mention", _("Mentions")

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=32)
    name = models.CharField(max_length=200)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    path_secret = models.CharField(max_length=64, default=secrets.new_token)
    settings = models.JSONField(default=dict)  # what may be shown
    sealed = models.TextField(blank=True, default="")  # encrypted secrets
    treat_as = models.CharField(max_length=8, choices=TreatAs, default=TreatAs.MESSAGE)
    active = models.BooleanField(default=True)
    cursor = models.JSONField(default=dict)
    poll_every = models.PositiveIntegerField(default=60)  # seconds
    poll_due_at = models.DateTimeField(null=True)
    last_polled_at = models.DateTimeField(null=True)
    last_event_at = models.DateTimeField(null=True)
    last_ok_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=64, blank=True, default="")
    error = models.TextField(blank=True, default="")
    notices = models.JSONField(default=list)  # [{"at","code","message"}], newest first, at most 20
    team = models.ForeignKey("accounts.Team", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)  # out of sight; what came through it stays
    refused = models.PositiveIntegerField(default=0)  # webhook calls with a wrong signature
    refused_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["poll_due_at"], name="channel_poll_due", condition=Q(active=True))]

    def __str__(self) -> str:
        return self.name

    @property
    def shown_kind(self) -> str:
        """The kind whose sign and name people see: a demo or webhook account may stand for another one."""
        return str(self.settings.get("looks_like") or self.kind)

    @property
    def config(self) -> dict[str, Any]:
        """Settings and decrypted secrets together, as adapters want them. Never logged, never rendered."""
        return {**self.settings, **secrets.unseal(self.sealed), "account": self.public_id.hex}


class OAuthGrant(models.Model):
    """What has become of a refresh token a person entered (`credentials.py`). `key`: a digest of what was entered."""

    key = models.CharField(max_length=64, unique=True)
    sealed = models.TextField(blank=True, default="")  # encrypted: present access and refresh token
    renew_at = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    renewing_until = models.DateTimeField(null=True)  # the lease of the process that asks the server
    refused_until = models.DateTimeField(null=True)
    error = models.TextField(blank=True, default="")  # the sentence of the last refusal
    created_at = models.DateTimeField()


class RawEvent(models.Model):
    """What the far end gave us, byte for byte, stored once before anybody tries to understand it."""

    class State(models.TextChoices):
        NEW = "new"
        PARSED = "parsed"
        FAILED = "failed"
        IGNORED = "ignored"

    account = models.ForeignKey(ChannelAccount, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    stream = models.CharField(max_length=200, blank=True, default="")
    content_type = models.CharField(max_length=100, blank=True, default="")
    payload = models.BinaryField(default=bytes)
    payload_digest = models.CharField(max_length=64, blank=True, default="")  # in media, when large
    size = models.PositiveIntegerField(default=0)
    meta = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State, default=State.NEW)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True, default="")
    received_at = models.DateTimeField()
    parsed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "key"], name="raw_event_once"),
            models.CheckConstraint(
                condition=Q(state__in=["new", "parsed", "failed", "ignored"]), name="raw_state_known"
            ),
        ]
        indexes = [
            # one index a state: SQLite takes a partial index only when its condition stands in the query as it is
            models.Index(fields=["account", "id"], name="raw_new", condition=Q(state="new")),
            models.Index(fields=["account", "id"], name="raw_failed", condition=Q(state="failed")),
            models.Index(fields=["account", "received_at"], name="raw_received"),
        ]


class SenderPace(models.Model):
    """How fast one sender writes to an account: enough of the last hour to decide, never a look at the messages."""

    account = models.ForeignKey(ChannelAccount, on_delete=models.CASCADE, related_name="+")
    address = models.CharField(max_length=254)
    recent = models.JSONField(default=list)  # seconds since 1970, oldest first, not more than decide
    seen_at = models.DateTimeField()
    limited_from = models.DateTimeField(null=True)  # of the present or last time that it was too much
    limited_until = models.DateTimeField(null=True)
    held = models.PositiveIntegerField(default=0)  # messages beyond the limit since then
    told = models.JSONField(default=list)  # places that show the notice already

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "address"], name="sender_pace_once")]
        indexes = [
            models.Index(fields=["seen_at"], name="sender_pace_seen"),
            models.Index(
                fields=["account", "limited_until"],
                name="sender_pace_limited",
                condition=Q(limited_until__isnull=False),
            ),
        ]


class DeliveryState(models.TextChoices):
    QUEUED = "queued", _("Waiting to be sent")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    READ = "read", _("Read")
    THROTTLED = "throttled", _("The platform asks to wait")
    FAILED = "failed", _("Not sent")
    UNCERTAIN = "uncertain", _("Not known whether it arrived")
    RECONCILED = "reconciled", _("Found at the platform")
    RESEND_APPROVED = "resend_approved", _("Sent again by decision")
    CANCELLED = "cancelled", _("Taken back")


class Delivery(models.Model):
    """One answer on its way out. `message_id` names the inbox's message; the content is fixed when queued."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(ChannelAccount, on_delete=models.PROTECT, related_name="+")
    message_id = models.BigIntegerField()
    thread_id = models.BigIntegerField()  # the conversation: keeps the order
    idempotency_key = models.CharField(max_length=200, unique=True)
    content = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=DeliveryState, default=DeliveryState.QUEUED)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    sending_since = models.DateTimeField(null=True)
    external_id = models.CharField(max_length=254, blank=True, default="")
    url = models.CharField(max_length=500, blank=True, default="")
    error_code = models.CharField(max_length=64, blank=True, default="")
    error = models.TextField(blank=True, default="")
    queued_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message_id"], name="delivery_of_message_once"),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="delivery_state_known"),
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(sending_since__isnull=False),
                name="delivery_sending_has_start",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organisation", "id"],
                name="delivery_trouble",
                condition=Q(state__in=["uncertain", "failed", "throttled"]),
            ),
            models.Index(
                fields=["thread_id", "id"],
                name="delivery_open",
                condition=Q(state__in=["queued", "throttled", "sending", "resend_approved"]),
            ),
        ]


class DeliveryAttempt(models.Model):
    """Written before the network call, completed after it; an open one is the trace of a crash."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, blank=True, default="")
    detail = models.TextField(blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="attempt_once")]


class ImportJob(FileJob):
    """One run of a file through the importer."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(ChannelAccount, on_delete=models.CASCADE, null=True, related_name="+")
    # {"kind", "encoding", "delimiter", "sheet", "headers"} as found or chosen
    table = models.JSONField(default=dict)
    error_digest = models.CharField(max_length=64, blank=True, default="")  # file of row errors, in media
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["uploaded", "running", "done", "failed", "cancelled"]),
                name="import_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["uploaded", "cancelled"]) | Q(account__isnull=False),
                name="import_running_has_account",
            ),
        ]
        indexes = [models.Index(fields=["organisation", "-id"], name="import_list")]


class ImportIssue(models.Model):
    """A row that was left out, or a field left empty; becomes the error file when the job ends, then goes."""

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="issues")
    row = models.PositiveIntegerField()
    column = models.CharField(max_length=300, blank=True, default="")
    code = models.CharField(max_length=64)
    ru = models.TextField()
    en = models.TextField()
    raw = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["job", "row"], name="import_issue_row")]


class ImportedItem(models.Model):
    """What is known of a row across imports: tells new from changed from unchanged, whatever the file."""

    account = models.ForeignKey(ChannelAccount, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    content_hash = models.CharField(max_length=64)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "key"], name="imported_once")]


class ImportMapping(models.Model):
    """Columns chosen once, offered again when a file with the same headers comes."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    fingerprint = models.CharField(max_length=64)  # of the headers
    mapping = models.JSONField(default=dict)
    used_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="import_mapping_name_once")
        ]
        indexes = [models.Index(fields=["organisation", "fingerprint"], name="import_mapping_headers")]

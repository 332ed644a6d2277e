"""A conversation: everything said between one customer and the company about one thing, in one place."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ConversationState(models.TextChoices):
    OPEN = "open", _("Open")
    WAITING = "waiting", _("Waiting for the customer")
    SNOOZED = "snoozed", _("Snoozed")
    CLOSED = "closed", _("Closed")


class Conversation(models.Model):
    """The row of the list carries what the list shows, so that the list is one query."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey("channels.ChannelAccount", on_delete=models.PROTECT, related_name="+")
    channel_kind = models.CharField(max_length=32)
    customer = models.ForeignKey("people.Customer", on_delete=models.PROTECT, related_name="+")
    customer_name = models.CharField(max_length=200, blank=True, default="")
    subject = models.CharField(max_length=500, blank=True, default="")
    visibility = models.CharField(max_length=8, default="private")
    state = models.CharField(max_length=8, choices=ConversationState, default=ConversationState.OPEN)
    assignee = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    team = models.ForeignKey("accounts.Team", on_delete=models.SET_NULL, null=True, related_name="+")
    snoozed_until = models.DateTimeField(null=True)
    returned_from_snooze = models.BooleanField(default=False)
    waiting_since = models.DateTimeField(
        null=True
    )  # the customer waits for us since then; None = does not wait
    first_response_at = models.DateTimeField(null=True)
    last_message_at = models.DateTimeField()  # of customer or us; what the list is ordered by
    last_inbound_at = models.DateTimeField(null=True)
    last_message_id = models.BigIntegerField(default=0)
    last_inbound_id = models.BigIntegerField(default=0)  # newest by arrival: what "unread" is measured by
    preview = models.CharField(max_length=200, blank=True, default="")
    preview_by_us = models.BooleanField(default=False)
    message_count = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=16, blank=True, default="")  # failed or uncertain delivery
    # what was read in the customer's newest message: see services/standing.py
    certainty = models.PositiveSmallIntegerField(default=1000)  # ‰, of the shown field it is least sure of
    unsure = models.BooleanField(default=False)
    rating = models.PositiveSmallIntegerField(null=True)
    reach = models.PositiveIntegerField(null=True)
    source = models.CharField(max_length=100, blank=True, default="")
    root_title = models.CharField(max_length=300, blank=True, default="")
    permalink = models.CharField(max_length=1000, blank=True, default="")
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ConversationState.values), name="conversation_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="snoozed") | Q(snoozed_until__isnull=False),
                name="conversation_snooze_has_end",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | Q(closed_at__isnull=False), name="conversation_closed_has_time"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organisation", "state", "-last_message_at"],
                name="conversation_list",
                condition=Q(merged_into=None),
            ),
            models.Index(
                fields=["assignee", "state", "-last_message_at"],
                name="conversation_mine",
                condition=Q(merged_into=None),
            ),
            # the list that is open all day, without sorting everything in hand; the counts, from the index alone
            models.Index(
                fields=["organisation", "-last_message_at", "-id"],
                name="conversation_active",
                condition=Q(merged_into=None, state__in=["open", "waiting"]),
            ),
            models.Index(fields=["snoozed_until"], name="conversation_snooze", condition=Q(state="snoozed")),
            models.Index(fields=["customer", "-last_message_at"], name="conversation_customer"),
            # what began in a period: contacts.py
            models.Index(
                fields=["organisation", "created_at"],
                name="conversation_begun",
                condition=Q(merged_into=None),
            ),
            models.Index(
                fields=["organisation", "waiting_since"],
                name="conversation_waits",
                condition=Q(waiting_since__isnull=False),
            ),
            models.Index(
                fields=["organisation", "id"], name="conversation_trouble", condition=~Q(trouble="")
            ),
            models.Index(
                fields=["team", "waiting_since"],
                name="conversation_queue",
                condition=Q(assignee=None, state="open", merged_into=None),
            ),
            models.Index(
                fields=["organisation", "certainty", "id"],
                name="conversation_unsure",
                condition=Q(unsure=True, merged_into=None, state__in=["open", "waiting"]),
            ),
        ]

    def __str__(self) -> str:
        return f"№{self.pk}"


class ConversationMark(models.Model):
    """One label that was read in the customer's newest message (`intent:question`): what the list is narrowed by.

    Labels that nearly every text has and nobody asks for (no abuse, no rumour, no danger) are not stored.
    """

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="marks", db_index=False
    )
    organisation_id = models.BigIntegerField()
    mark = models.CharField(max_length=48)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "mark"], name="conversation_mark_once")
        ]
        indexes = [
            models.Index(fields=["organisation_id", "mark", "conversation"], name="conversation_marks")
        ]


class ThreadKey(models.Model):
    """Names under which a conversation is known in an account: message ids it holds or refers to.

    `own`: the id of a message of this conversation; otherwise an id that one of its messages refers to.
    """

    account = models.ForeignKey("channels.ChannelAccount", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=254)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="thread_keys")
    own = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "key"], name="thread_key_once")]


class Participant(models.Model):
    """An address that takes part; who does not is kept out even with the right References."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="participants")
    address = models.CharField(max_length=254)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "address"], name="participant_once")]

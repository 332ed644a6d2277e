"""When customers merge, part or change their name, their conversations follow; and what the timeline shows of them."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.inbox.events import TOPIC_CONVERSATION
from otklik.inbox.models import Conversation, Message
from otklik.inbox.services.text import shorten
from otklik.kernel import events
from otklik.people import kinds
from otklik.people.events import CustomerRenamed, CustomersMerged, CustomersUnmerged, IdentitySplit
from otklik.people.ports import CardAction, TimelineEntry
from otklik.people.services import merging

CONVERSATIONS = "conversations"
MESSAGES = "messages"
NOTE_LENGTH = 140


def merged(event: CustomersMerged) -> None:
    """Handler of CustomersMerged: remembers what it moves, so that the merge can be taken back exactly."""
    conversations = _of_customer(event.organisation_id, event.merged_id)
    messages = list(Message.objects.filter(author_customer_id=event.merged_id).values_list("pk", flat=True))
    merging.remember(event.merge_id, CONVERSATIONS, conversations)
    merging.remember(event.merge_id, MESSAGES, messages)
    _give(event.organisation_id, conversations, messages, event.survivor_id, event.survivor_name)


def unmerged(event: CustomersUnmerged) -> None:
    """Handler of CustomersUnmerged: what was moved returns, and what came since through the returned identities."""
    conversations = set(event.moved.get(CONVERSATIONS, []))
    messages = set(event.moved.get(MESSAGES, []))
    for kind, _scope, external_id in event.identities:
        theirs = Message.objects.filter(
            author_customer_id=event.survivor_id,
            author_address=external_id,
            conversation__channel_kind=kind,
        )
        messages.update(theirs.values_list("pk", flat=True))
    conversations.update(_begun_by(messages, event.survivor_id))
    _give(event.organisation_id, sorted(conversations), sorted(messages), event.merged_id, event.merged_name)


def identity_split(event: IdentitySplit) -> None:
    """Handler of IdentitySplit: conversations begun through that identity belong to the new customer."""
    kind, _scope, external_id = event.identity
    messages = list(
        Message.objects.filter(
            author_customer_id=event.customer_id, author_address=external_id, conversation__channel_kind=kind
        ).values_list("pk", flat=True)
    )
    conversations = _begun_by(set(messages), event.customer_id)
    _give(event.organisation_id, conversations, messages, event.new_customer_id, event.new_customer_name)


def renamed(event: CustomerRenamed) -> None:
    """Handler of CustomerRenamed: the list keeps a copy of the name."""
    Conversation.objects.filter(organisation_id=event.organisation_id, customer_id=event.customer_id).update(
        customer_name=event.name[:200]
    )


def _of_customer(organisation_id: int, customer_id: int) -> list[int]:
    rows = Conversation.objects.filter(organisation_id=organisation_id, customer_id=customer_id)
    return list(rows.values_list("pk", flat=True))


def _begun_by(messages: set[int], customer_id: int) -> list[int]:
    """Conversations of `customer_id` in which every message of a customer is among `messages`."""
    touched = Conversation.objects.filter(customer_id=customer_id, messages__in=messages).distinct()
    others = Message.objects.filter(direction="in").exclude(pk__in=messages).values("conversation_id")
    return list(touched.exclude(pk__in=others).values_list("pk", flat=True))


def _give(
    organisation_id: int, conversations: list[int], messages: list[int], customer_id: int, name: str
) -> None:
    Conversation.objects.filter(pk__in=conversations).update(
        customer_id=customer_id, customer_name=name[:200]
    )
    Message.objects.filter(pk__in=messages).update(author_customer_id=customer_id)
    for pk in conversations:
        events.publish(TOPIC_CONVERSATION, organisation_id, conversation_id=pk, change="customer")


def timeline(organisation_id: int, customer_id: int, limit: int) -> list[TimelineEntry]:
    """A source for people.ports.timeline_sources: the customer's conversations, newest first."""
    rows = Conversation.objects.filter(
        organisation_id=organisation_id, customer_id=customer_id, merged_into=None
    ).order_by("-last_message_at")[:limit]
    return [
        TimelineEntry(
            at=row.last_message_at,
            icon=kinds.icon(row.channel_kind),
            icon_label=kinds.title(row.channel_kind),
            text=row.subject or shorten(row.preview, NOTE_LENGTH),
            url=reverse("inbox-thread", args=[row.pk]),
            note=f"№{row.pk} · {row.get_state_display()}",
            kind="conversation",
        )
        for row in rows
    ]


def write_action(customer_id: int, who: User) -> CardAction | None:
    """For people.ports.card_actions: begin a conversation with this customer."""
    if not policy.can(who, "conversation.reply"):
        return None
    return CardAction(f"{reverse('inbox')}?write={customer_id}", _("Write"), "edit")

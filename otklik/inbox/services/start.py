"""An agent writes first: a conversation that begins with us."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.channels import queries as channels
from otklik.inbox.events import TOPIC_CONVERSATION
from otklik.inbox.models import Conversation, ConversationState, Message, Participant
from otklik.inbox.services import outgoing, recipients, wishes
from otklik.inbox.services.recipients import DoNotContact
from otklik.inbox.services.reply import Answer, by_client_key, leaves_at, send
from otklik.inbox.services.text import fit
from otklik.kernel import clock, events
from otklik.kernel.errors import Invalid
from otklik.people import queries as people_queries
from otklik.people import services as people

__all__ = ["DoNotContact", "write_first"]


def write_first(  # noqa: PLR0913 a first letter has these parts
    account_id: int,
    *,
    to: str,
    subject: str,
    text: str,
    by: User,
    client_key: str,
    name: str = "",
    attachment_ids: tuple[int, ...] = (),
    cc: tuple[str, ...] = (),
    reason: str = "",
    send_at: datetime | None = None,
) -> Message:
    """Open a conversation with a message of ours; it leaves like any answer and can be taken back as long.

    Raises Forbidden, NotFound, Invalid (address, empty, unfilled), CannotAnswer, DoNotContact, NeedsReason.
    """
    policy.require(by, "conversation.reply")
    account = channels.account(by.organisation_id, account_id)
    address = _address(account, to)
    if not subject.strip() and account.kind == "mail":
        raise Invalid(_("A letter needs a subject."), field="subject")
    answer = Answer(
        text=text, client_key=client_key, attachment_ids=attachment_ids, cc=cc, reason=reason, send_at=send_at
    )
    outgoing.require_sendable(answer)
    try:
        with transaction.atomic():
            known = by_client_key(by, client_key)
            return known or _write(account, address, subject.strip(), answer, by, name)
    except IntegrityError:
        known = by_client_key(by, client_key)
        if known is None:
            raise
        return known


def _address(account: Any, to: str) -> str:
    address = to.strip()
    if account.kind == "mail":
        address = address.lower()
        recipients.require_mail_address(address)
    if not address:
        raise Invalid(_("Say to whom you write."), field="to")
    return address


def _write(account: Any, address: str, subject: str, answer: Answer, by: User, name: str) -> Message:  # noqa: PLR0917
    facts = channels.facts(account.pk)
    manual = outgoing.require_way_out(facts, answer)
    person = people.resolve(
        by.organisation_id,
        kind=account.shown_kind,  # as for what comes in: a webhook account may stand for a network
        scope=account.public_id.hex,
        external_id=address,
        name=name,
    )
    customer = people_queries.customer(by.organisation_id, person.id)
    if customer.do_not_contact:
        raise recipients.not_to_be_written_to(customer)
    aspects = wishes.of_first_word(
        by.organisation_id,
        customer.pk,
        kind=account.shown_kind,
        text=answer.text,
        moment=leaves_at(answer, by),
    )
    deviation = wishes.settle(aspects, answer.reason)
    now = clock.now()
    conversation = Conversation.objects.create(
        organisation_id=by.organisation_id,
        account_id=account.pk,
        channel_kind=account.shown_kind,
        customer_id=customer.pk,
        customer_name=(customer.name or name or address)[:200],
        subject=subject[:500],
        visibility=answer.visibility,
        state=ConversationState.WAITING if answer.send_at else ConversationState.OPEN,  # nothing is owed
        team_id=account.team_id,
        assignee=by,
        last_message_at=now,
        created_at=now,
    )
    Participant.objects.create(conversation=conversation, address=fit(address.lower()))
    message = outgoing.store(
        conversation, answer, by, facts, None, manual=manual, subject=subject[:500], deviation=deviation
    )
    send(conversation, message, answer, by, manual=manual)
    events.publish(TOPIC_CONVERSATION, by.organisation_id, conversation_id=conversation.pk, change="created")
    return message

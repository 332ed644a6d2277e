"""Brings the demo company to life through the real services (see README.md)."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

from django.conf import settings

from otklik.accounts import services as accounts
from otklik.accounts.models import (
    Brand,
    CalendarEvent,
    Employee,
    Organisation,
    Outlet,
    Product,
    Team,
    TeamMember,
    User,
    WorkingCalendar,
)
from otklik.analysis.services import taxonomy
from otklik.audit import services as audit
from otklik.channels import intake
from otklik.channels.models import ChannelAccount
from otklik.channels.protocol import RawEvent
from otklik.inbox.models import Conversation, ConversationLabel, Label, Message, Seen, Template
from otklik.inbox.services import notes, state
from otklik.inbox.services.reply import Answer, reply
from otklik.kernel import clock, outbox
from otklik.people.models import Customer, Order
from otklik.people.services import index as index_customer
from otklik.web.demo import story
from otklik.web.demo.files import picture

CHANNELS = {
    "mail": ("Почта care@sever-tehnika.example", "private"),
    "vk": ("VK: сообщения и комментарии", "private"),
    "telegram": ("Telegram: @sever_tehnika", "private"),
    "max": ("MAX: Север-Техника", "private"),
    "chat": ("Чат на сайте", "private"),
    "review": ("Отзывы на картах", "public"),
    "market": ("Отзывы на маркетплейсах", "public"),
    "phone": ("Звонки", "private"),
    "store": ("Книга жалоб в магазинах", "private"),
}
GLYPHS = {"telegram": "tg", "store": "form"}
WEEK = {str(day): [["09:00", "21:00"]] for day in range(7)}


def load(by: User) -> None:
    """The demo company for the organisation of `by`; the queue is worked here, nothing is left to the worker."""
    settings.UNDO_SECONDS, undo = 0, settings.UNDO_SECONDS
    try:
        Loader(by).run()
    finally:
        settings.UNDO_SECONDS = undo


class Loader:
    def __init__(self, by: User) -> None:
        self.by = by
        self.organisation: Organisation = by.organisation
        self.now = clock.now()
        self.data = story.company()
        self.staff: dict[str, User] = {}
        self.teams: dict[str, Team] = {}
        self.labels: dict[str, Label] = {}
        self.accounts: dict[str, ChannelAccount] = {}
        self.conversations: dict[str, int] = {}

    def run(self) -> None:
        with clock.at(self.now - timedelta(days=61)):
            self._company()
            self._staff()
            self._tools()
            self._channels()
        for moment in story.moments(self.now):
            with clock.at(moment.at):
                self._happen(moment)
        self._read_by_staff()
        audit.seal(limit=100_000)

    # the company itself ------------------------------------------------------------------

    def _company(self) -> None:
        given = self.data["organisation"]
        self.organisation.name = given["name"]
        self.organisation.spellings = given["spellings"]
        self.organisation.signature = "Служба заботы «Север-Техники»"
        self.organisation.save(update_fields=["name", "spellings", "signature"])
        for brand in self.data["brands"]:
            Brand.objects.create(organisation=self.organisation, **brand)
        outlets = {
            one["key"]: Outlet.objects.create(organisation=self.organisation, **one)
            for one in self.data["outlets"]
        }
        Product.objects.bulk_create(
            Product(organisation=self.organisation, **one) for one in self.data["products"]
        )
        for employee in self.data["employees"]:
            place = outlets.get(employee["outlet"])
            Employee.objects.create(organisation=self.organisation, **{**employee, "outlet": place})
        WorkingCalendar.objects.create(
            organisation=self.organisation, name="Каждый день с 9 до 21", week=WEEK, is_default=True
        )
        for event in self.data["calendar_events"]:
            self._calendar_event(event)

    def _calendar_event(self, event: dict[str, Any]) -> None:
        until = event.get("until_days_ago")
        CalendarEvent.objects.create(
            organisation=self.organisation,
            kind=event["kind"],
            title=event["title"],
            starts_at=self.now - timedelta(days=event["days_ago"]),
            ends_at=self.now - timedelta(days=until) if until is not None else None,
            outlet_keys=[event["outlet"]] if event.get("outlet") else [],
        )

    def _staff(self) -> None:
        for team in self.data["teams"]:
            self.teams[team["key"]] = Team.objects.create(organisation=self.organisation, name=team["name"])
        for one in self.data["staff"]:
            user = accounts.create_user(
                self.organisation,
                email=one["email"],
                name=one["name"],
                roles=[one["role"]],
                title=one["title"],
                by=self.by,
            )
            self.staff[one["key"]] = user
            if one.get("team"):
                TeamMember.objects.create(team=self.teams[one["team"]], user=user)
        for team in self.teams.values():
            TeamMember.objects.create(team=team, user=self.by)

    def _tools(self) -> None:
        taxonomy.choose_preset("retail", by=self.by)
        for label in self.data["labels"]:
            self.labels[label["key"]] = Label.objects.create(
                organisation=self.organisation, name=label["name"], colour=label["colour"]
            )
        for template in self.data["templates"]:
            Template.objects.create(organisation=self.organisation, updated_at=clock.now(), **template)

    def _channels(self) -> None:
        for kind, (name, visibility) in CHANNELS.items():
            self.accounts[kind] = ChannelAccount.objects.create(
                organisation=self.organisation,
                kind="demo",
                name=name,
                settings={"looks_like": GLYPHS.get(kind, kind), "visibility": visibility},
                created_at=clock.now(),
                last_ok_at=self.now,
            )

    # the sixty days ----------------------------------------------------------------------

    def _happen(self, moment: story.Moment) -> None:
        if moment.index < 0:
            self._end(moment)
        elif moment.message["from"] == "customer":
            self._customer_writes(moment)
        elif moment.message["from"] == "note":
            notes.add(self._conversation(moment), moment.message["text"], by=self._author(moment))
        else:
            self._staff_answers(moment)

    def _conversation(self, moment: story.Moment) -> int:
        return self.conversations[moment.story["key"]]

    def _author(self, moment: story.Moment) -> User:
        return self.staff.get(moment.message.get("author") or "", self.by)

    def _customer_writes(self, moment: story.Moment) -> None:
        told, customer = moment.story, moment.story["customer"]
        account = self.accounts[told["channel"]]
        identity = f"{told['key']}-{moment.index}"
        payload = {
            "id": identity,
            "author": {
                "id": customer["email"]
                if told["channel"] == "mail" and customer["email"]
                else customer["key"],
                "name": customer["name"],
                "handle": customer["handle"] or "",
            },
            "text": moment.message["text"],
            "at": moment.at.isoformat(),
            "thread": told["key"],
            "subject": told["subject"] or "",
            "visibility": "public" if told["public"] else account.settings["visibility"],
            "rating": told["rating"],
            "source": told["source"] or "",
            "files": [picture(name) for name in moment.message.get("attachments") or []],
        }
        intake.store(account, [RawEvent(identity, json.dumps(payload).encode(), "application/json")])
        outbox.drain()
        if told["key"] not in self.conversations:
            first = Message.objects.get(account=account, external_id=identity)
            self.conversations[told["key"]] = first.conversation_id
            self._introduce(first.author_customer, told)

    def _introduce(self, customer: Customer | None, told: dict[str, Any]) -> None:
        """What the company already knows of this person: city, phone, how to talk, orders."""
        if customer is None:
            return
        known = told["customer"]
        customer.city = known["city"] or customer.city
        customer.phone = re.sub(r"[^+\d]", "", known["phone"] or "") or customer.phone
        customer.email = known["email"] or customer.email
        customer.handling_notes = known["note"] or customer.handling_notes
        customer.save(update_fields=["city", "phone", "email", "handling_notes"])
        index_customer(customer)
        for order in told["orders"]:
            self._order(customer, order)

    def _order(self, customer: Customer, order: dict[str, Any]) -> None:
        def day(name: str) -> Any:
            return self.now - timedelta(days=order[name]) if order.get(name) is not None else None

        promised, delivered = day("promised_days_ago"), day("delivered_days_ago")
        earliest = min([moment for moment in (promised, delivered, clock.now()) if moment])
        Order.objects.update_or_create(
            organisation=self.organisation,
            number=order["number"],
            defaults={
                "customer": customer,
                "ordered_at": earliest - timedelta(days=4),
                "items": [{"name": order["items"], "quantity": 1, "price": order["sum"]}],
                "total": order["sum"],
                "outlet_key": order["outlet"],
                "promised_at": promised,
                "delivered_at": delivered,
                "paid_at": earliest - timedelta(days=4),
                "returned_at": clock.now() if order["returned"] else None,
                "updated_at": clock.now(),
            },
        )

    def _staff_answers(self, moment: story.Moment) -> None:
        conversation = Conversation.objects.get(pk=self._conversation(moment))
        able = self._author(moment)
        answer = Answer(text=moment.message["text"], visibility=conversation.visibility)
        reply(conversation.pk, answer, by=able if "conversation.reply" in able.rights else self.by)
        outbox.drain()

    def _end(self, moment: story.Moment) -> None:
        """Labels, owner and state as the story ends."""
        told, pk = moment.story, self._conversation(moment)
        ConversationLabel.objects.bulk_create(
            [
                ConversationLabel(conversation_id=pk, label=self.labels[key])
                for key in told["labels"]
                if key in self.labels
            ],
            ignore_conflicts=True,
        )
        owner = self.staff.get(told["assignee"] or "")
        state.assign(pk, by=self.by, user_id=owner.pk if owner else None, team_id=self.teams[told["team"]].pk)
        if told["state"] == "closed":
            state.close(pk, by=owner if owner and "conversation.close" in owner.rights else self.by)
        elif told["state"] == "snoozed":
            state.snooze(pk, self.now + timedelta(hours=20), by=self.by)
        elif told["state"] == "waiting":
            state.wait_for_customer(pk, by=self.by)

    def _read_by_staff(self) -> None:
        """Old stories are read; what is open and fresh is not."""
        old = Conversation.objects.filter(
            organisation=self.organisation, last_message_at__lt=self.now - timedelta(days=1)
        )
        readers = [self.by, *self.staff.values()]
        Seen.objects.bulk_create(
            [
                Seen(conversation_id=pk, user=user, message_id=last, at=self.now)
                for pk, last in old.values_list("pk", "last_message_id")
                for user in readers
            ],
            ignore_conflicts=True,
            batch_size=500,
        )

"""Fills an organisation with conversations by bulk inserts, search index included, for pages and search at size.

The rows are those the services would have written; `bench_pages` and `bench_mail` read them through the product.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.models import Model

from bench import readings
from bench.texts import Person, facts, person, sentences
from otklik.accounts import services
from otklik.accounts.models import Organisation, Team, TeamMember, User
from otklik.analysis.models import Reading
from otklik.channels.models import ChannelAccount
from otklik.inbox.models import (
    Conversation,
    ConversationLabel,
    Label,
    Message,
    Participant,
    Seen,
    ThreadKey,
)
from otklik.kernel import clock, textindex
from otklik.kernel.models import IndexedText
from otklik.people.models import Customer, Identity

BATCH = 5_000  # conversations a round
DAYS = 365
STAFF = 12
LABELS = [
    "доставка",
    "возврат",
    "брак",
    "хамство",
    "оплата",
    "гарантия",
    "благодарность",
    "рекламация",
    "монтаж",
    "бонусы",
]
CHANNELS = ("mail", "vk", "telegram", "review")
# closed, open, waiting for the customer, snoozed: a year of work, of which little is still in hand
SHARES = (("closed", 88), ("open", 6), ("waiting", 5), ("snoozed", 1))


class Writer:
    """Many rows of one model past the ORM: the given columns, the rest from the fields' defaults."""

    def __init__(self, model: type[Model], *names: str) -> None:
        self.model = model
        self.table = model._meta.db_table
        every = [one for one in model._meta.concrete_fields if one.db_default is models.NOT_PROVIDED]
        columns = {one.attname: one for one in every}
        rest = [one for one in every if one.attname not in names and not one.primary_key]
        self.fields = [columns[name] for name in names] + rest
        self.constants = [one.get_db_prep_save(one.get_default(), connection) for one in rest]
        self.constants = [_plain(value) for value in self.constants]
        self.given = len(names)

    def write(self, rows: Iterable[Sequence[Any]]) -> None:
        names = ", ".join(f'"{one.column}"' for one in self.fields)
        whole = ([*(_plain(value) for value in row), *self.constants] for row in rows)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with cursor.copy(f'COPY "{self.table}" ({names}) FROM STDIN') as copy:
                    for row in whole:
                        copy.write_row(row)
            else:
                marks = ", ".join(["%s"] * len(self.fields))
                cursor.executemany(f'INSERT INTO "{self.table}" ({names}) VALUES ({marks})', list(whole))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime) and connection.vendor == "sqlite":
        return connection.ops.adapt_datetimefield_value(value)
    if hasattr(value, "obj"):  # psycopg's wrapper of JSON
        return json.dumps(value.obj)
    return value


@dataclass
class Cast:
    """Who and what the conversations hang on."""

    organisation: Organisation
    users: list[User]
    teams: list[Team]
    labels: list[Label]
    accounts: list[ChannelAccount]


@dataclass
class _Round:
    """Rows of one batch, by table."""

    customers: list[tuple[Any, ...]] = field(default_factory=list)
    identities: list[tuple[Any, ...]] = field(default_factory=list)
    conversations: list[tuple[Any, ...]] = field(default_factory=list)
    messages: list[tuple[Any, ...]] = field(default_factory=list)
    keys: list[tuple[Any, ...]] = field(default_factory=list)
    participants: list[tuple[Any, ...]] = field(default_factory=list)
    texts: list[tuple[Any, ...]] = field(default_factory=list)
    labelled: list[tuple[Any, ...]] = field(default_factory=list)
    seen: list[tuple[Any, ...]] = field(default_factory=list)
    readings: list[tuple[Any, ...]] = field(default_factory=list)
    marks: list[tuple[Any, ...]] = field(default_factory=list)


def cast(by: User) -> Cast:
    """Staff in three teams, labels, four channels."""
    now, organisation = clock.now(), by.organisation
    users = [
        services.create_user(
            organisation, email=f"o{number}@shop.test", name=person(number).name, roles=["operator"]
        )
        for number in range(STAFF)
    ]
    teams = [
        Team.objects.create(organisation=organisation, name=name) for name in ("Доставка", "Ремонт", "Отзывы")
    ]
    TeamMember.objects.bulk_create(
        TeamMember(team=teams[number % 3], user=user) for number, user in enumerate([by, *users])
    )
    labels = [Label.objects.create(organisation=organisation, name=name) for name in LABELS]
    accounts = [
        ChannelAccount.objects.create(
            organisation=organisation,
            kind="mail" if kind == "mail" else "demo",
            name=kind,
            settings={"address": "care@sever-tehnika.example", "looks_like": kind},
            created_at=now,
        )
        for kind in CHANNELS
    ]
    return Cast(organisation, [by, *users], teams, labels, accounts)


def fill(who: Cast, conversations: int, messages: int, *, seed: int = 7) -> None:
    """`conversations` with `messages` in all, over a year; a handful of threads are very long."""
    rng = random.Random(seed)
    start = {model: (model.objects.order_by("-pk").values_list("pk", flat=True).first() or 0) + 1
             for model in (Customer, Conversation, Message, IndexedText)}  # fmt: skip
    maker = _Maker(who, rng, messages / conversations, start)
    for first in range(0, conversations, BATCH):
        rows = _Round()
        for number in range(first, min(first + BATCH, conversations)):
            maker.conversation(rows, number, conversations)
        _write(rows)
    _settle()


class _Maker:
    def __init__(self, who: Cast, rng: random.Random, mean: float, start: dict[Any, int]) -> None:
        self.who, self.rng, self.mean = who, rng, mean
        self.customer_id = start[Customer]
        self.conversation_id = start[Conversation]
        self.message_id = start[Message]
        self.text_id = start[IndexedText]
        self.now = clock.now()
        self.tag = rng.getrandbits(32)  # two fillings of one database share no address

    def conversation(self, rows: _Round, number: int, of: int) -> None:
        rng, who = self.rng, self.who
        account = rng.choice(who.accounts)
        human = person(number + 100)
        address = f"{self.tag:x}.{human.address}"
        self._customer(rows, account, human, address)
        state = rng.choices([name for name, _ in SHARES], [share for _, share in SHARES])[0]
        at = self.now - timedelta(days=DAYS) * (1 - number / of) * rng.uniform(0.9, 1.0)
        count = 500 if number % 5_000 == 77 else max(1, min(60, round(rng.expovariate(1 / self.mean))))
        owner = rng.choice(who.users) if rng.random() < 0.8 else None
        last = self._messages(rows, account, human, address, at, count)
        waits = last.at if state == "open" and not last.ours else None
        rows.conversations.append(
            (
                self.conversation_id, who.organisation.pk, account.pk, account.settings["looks_like"],
                self.customer_id, human.name, last.subject, state, owner.pk if owner else None,
                rng.choice(who.teams).pk, self.now + timedelta(days=2) if state == "snoozed" else None, waits,
                last.at, last.at, self.message_id - 1, last.read.object_id, last.text[:200], last.ours, count,
                rng.randint(1, 5) if account.settings["looks_like"] == "review" else None, at,
                last.at if state == "closed" else None, *readings.standing(last.read),
            )
        )  # fmt: skip
        rows.marks += readings.mark_rows(last.read, self.conversation_id)
        if rng.random() < 0.5:
            rows.labelled.append((self.conversation_id, rng.choice(who.labels).pk))
        for user in rng.sample(who.users, 2):
            rows.seen.append((self.conversation_id, user.pk, self.message_id - rng.randint(1, 2), last.at))
        self.customer_id += 1
        self.conversation_id += 1

    def _customer(self, rows: _Round, account: ChannelAccount, human: Person, address: str) -> None:
        organisation = self.who.organisation.pk
        mail = account.kind == "mail"
        rows.customers.append(
            (
                self.customer_id,
                organisation,
                human.name,
                human.city,
                address if mail else "",
                self.now,
                self.now,
            )
        )
        scope = "" if mail else account.public_id.hex
        rows.identities.append(
            (organisation, self.customer_id, account.kind, scope, address, human.name, self.now)
        )
        rows.participants.append((self.conversation_id, address))
        self._text(
            rows, "customer", self.customer_id, self.customer_id, f"{human.name} {address} {human.city}"
        )

    def _messages(
        self, rows: _Round, account: ChannelAccount, human: Person, address: str, at: datetime, count: int
    ) -> _Last:
        rng, organisation = self.rng, self.who.organisation.pk
        last = _Last(at, False, "", "", readings.reading(rng, organisation, self.message_id, at))
        for step in range(count):
            ours = step % 2 == 1
            text, words = _letter(rng, ours=ours)
            subject = last.subject or text[:60]
            wire = f"{self.tag:x}.{self.message_id}@pochta.example"
            user = rng.choice(self.who.users) if ours else None
            author = user.name if user else human.name
            moment = min(at + timedelta(hours=step * rng.uniform(0.5, 3)), self.now)
            moment = max(moment, last.at)
            rows.messages.append(
                (
                    self.message_id, organisation, self.conversation_id, account.pk, "out" if ours else "in",
                    user.pk if user else None, None if ours else self.customer_id, author,
                    "" if ours else address, subject, text, wire, wire, moment, moment,
                    "sent" if ours else "",
                )
            )  # fmt: skip
            rows.keys.append((account.pk, wire, self.conversation_id, True))
            extra = (
                textindex.tokens(f"{subject} {author} {address}") if not ours else textindex.tokens(author)
            )
            self._tokens(rows, "message", self.message_id, self.conversation_id, [*extra, *words])
            read = last.read if ours else readings.reading(rng, organisation, self.message_id, moment)
            if not ours:
                rows.readings.append(readings.values(read))
            last = _Last(moment, ours, subject, text, read)
            self.message_id += 1
        return last

    def _text(self, rows: _Round, kind: str, object_id: int, group_id: int, text: str) -> None:
        self._tokens(rows, kind, object_id, group_id, textindex.tokens(text))

    def _tokens(self, rows: _Round, kind: str, object_id: int, group_id: int, words: list[str]) -> None:
        organisation = self.who.organisation.pk
        scope = textindex._scope(organisation, kind)
        tokens = " ".join(dict.fromkeys([*scope, *words]))
        rows.texts.append((self.text_id, organisation, kind, object_id, group_id, tokens))
        self.text_id += 1


@dataclass(frozen=True)
class _Last:
    at: datetime
    ours: bool
    subject: str
    text: str
    read: Reading  # of the customer's newest message


@lru_cache(maxsize=20_000)
def _sentence_tokens(sentence: str) -> tuple[str, ...]:
    return tuple(textindex.tokens(sentence))


def _letter(rng: random.Random, *, ours: bool) -> tuple[str, list[str]]:
    """A text and its search tokens; a known sentence is taken apart once."""
    pool = sentences()[1 if ours else 0]
    parts = [rng.choice(pool) for _ in range(rng.randint(1, 4))]
    words = [word for part in parts for word in _sentence_tokens(part)]
    if rng.random() < 0.2:
        parts.append(facts(rng))
        words += textindex.tokens(parts[-1])
    return " ".join(parts), words


def _write(rows: _Round) -> None:
    with transaction.atomic():
        Writer(
            Customer, "id", "organisation_id", "name", "city", "email", "first_seen_at", "created_at"
        ).write(rows.customers)
        Writer(
            Identity, "organisation_id", "customer_id", "kind", "scope", "external_id", "name", "created_at"
        ).write(rows.identities)
        Writer(
            Conversation, "id", "organisation_id", "account_id", "channel_kind", "customer_id", "customer_name",
            "subject", "state", "assignee_id", "team_id", "snoozed_until", "waiting_since", "last_message_at",
            "last_inbound_at", "last_message_id", "last_inbound_id", "preview", "preview_by_us", "message_count",
            "rating", "created_at", "closed_at", *readings.STANDING,
        ).write(rows.conversations)  # fmt: skip
        Writer(
            Message, "id", "organisation_id", "conversation_id", "account_id", "direction", "author_user_id",
            "author_customer_id", "author_name", "author_address", "subject", "text", "external_id", "wire_id",
            "occurred_at", "created_at", "delivery_state",
        ).write(rows.messages)  # fmt: skip
        Writer(ThreadKey, "account_id", "key", "conversation_id", "own").write(rows.keys)
        Writer(Participant, "conversation_id", "address").write(rows.participants)
        Writer(ConversationLabel, "conversation_id", "label_id").write(rows.labelled)
        read, marked = readings.MODELS
        Writer(read, *readings.COLUMNS).write(rows.readings)
        Writer(marked, *readings.MARK_COLUMNS).write(rows.marks)
        Writer(Seen, "conversation_id", "user_id", "message_id", "at").write(rows.seen)
        Writer(IndexedText, "id", "organisation_id", "kind", "object_id", "group_id", "tokens").write(
            rows.texts
        )
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO kernel_fts(rowid, tokens) VALUES (%s, %s)",
                    [(row[0], row[5]) for row in rows.texts],
                )


def _settle() -> None:
    """Sequences follow the ids given here; the planner learns what is in the tables, as autovacuum would tell it."""
    tables = [Customer, Conversation, Message, IndexedText]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(statement)
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")

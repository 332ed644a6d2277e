"""Who reacts to what, who works which topic, what recurs: the whole product on one page.

Called once by `WebConfig.ready`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from otklik.accounts import mailer
from otklik.analysis import ports as analysis_ports
from otklik.analysis.events import TextsRead
from otklik.analysis.services import asking, following, history, learning
from otklik.audit import services as audit
from otklik.channels import delivery, intake, pace, polling, registry
from otklik.channels import ports as channel_ports
from otklik.channels.demo import DemoAdapter
from otklik.channels.events import DeliveryChanged, InboundBatch, InboundParsed
from otklik.channels.feed.adapter import FeedAdapter
from otklik.channels.hook import HookAdapter
from otklik.channels.importer import runner as importing
from otklik.channels.importer.adapter import ImportAdapter
from otklik.channels.mail import census
from otklik.channels.mail.adapter import MailAdapter
from otklik.inbox import subjects
from otklik.inbox.events import TOPIC_MESSAGE, TOPIC_MESSAGE_CHANGED, MessageReceived
from otklik.inbox.services import (
    bulk,
    changes,
    customers,
    delivery_news,
    presence,
    receive,
    receive_bulk,
    reminders,
    routing,
    rule_effects,
    rule_runs,
    scheduled,
    standing,
    state,
)
from otklik.kernel import events, outbox, periodic, wake
from otklik.people import ports as people_ports
from otklik.people.events import (
    ContactStopped,
    CustomerRenamed,
    CustomersMerged,
    CustomersUnmerged,
    IdentitySplit,
)
from otklik.people.services import order_import
from otklik.web import opinion_door
from otklik.web.api import idempotency, limits
from otklik.web.webhooks import sending, tail

ADAPTERS = (MailAdapter(), FeedAdapter(), HookAdapter(), ImportAdapter(), DemoAdapter("demo"))

# event → handlers, inside the announcer's transaction
SUBSCRIPTIONS: dict[type, list[Callable[[Any], None]]] = {
    InboundParsed: [receive.receive],
    InboundBatch: [receive_bulk.receive_many],
    DeliveryChanged: [delivery_news.delivery_changed],
    MessageReceived: [scheduled.customer_wrote, routing.message_received],
    CustomersMerged: [customers.merged],
    CustomersUnmerged: [customers.unmerged],
    IdentitySplit: [customers.identity_split],
    CustomerRenamed: [customers.renamed],
    ContactStopped: [scheduled.contact_stopped],
    TextsRead: [standing.texts_read, rule_effects.texts_read, asking.texts_read],
}

# outbox topic → handler; within: its effect and "done" are one transaction
TOPICS = (
    (intake.PARSE_TOPIC, intake.parse, False),
    (delivery.TOPIC, delivery.deliver, False),
    (polling.TOPIC, polling.poll, False),
    (importing.TOPIC, importing.run, False),
    (order_import.TOPIC, order_import.run, False),
    (history.TOPIC, history.run, False),
    (learning.TOPIC, learning.run, False),
    (asking.PLAN, asking.plan, False),
    (asking.TOPIC, asking.ask, False),
    (rule_effects.TOPIC, rule_effects.run, False),
    (rule_runs.TOPIC, rule_runs.work, False),
    (mailer.TOPIC, mailer.deliver, False),
    (tail.TOPIC, sending.deliver, False),
)

# what waits of these topics is worked together
JOINS = {intake.PARSE_TOPIC: intake.joined}

# name, seconds, work
JOBS = (
    ("outbox.sweep", 1.0, outbox.sweep),
    ("audit.seal", 1.0, audit.seal),
    ("channels.poll", 2.0, polling.plan_due),
    ("channels.census", 86400.0, census.check_all),
    ("channels.rescue", 300.0, delivery.rescue),
    ("channels.forget_pace", 3600.0, pace.forget),
    ("analysis.follow", 1.0, following.follow),
    ("analysis.learn", 600.0, learning.retrain_due),
    ("inbox.wake_snoozed", 5.0, state.wake_snoozed),
    ("inbox.reminders", 5.0, reminders.fire_due),
    ("inbox.late_changes", 5.0, changes.apply_late),
    ("inbox.presence", 10.0, presence.forget_expired),
    ("inbox.route", 5.0, routing.drain_all),
    ("inbox.requeue", 60.0, routing.requeue_offline),
    ("inbox.forget_bulk", 3600.0, bulk.forget),
    ("inbox.forget_rule_runs", 3600.0, rule_runs.forget),
    ("webhooks.follow", 1.0, tail.follow),
    ("webhooks.forget", 3600.0, tail.forget),
    ("api.forget_keys", 3600.0, idempotency.forget),
    ("api.forget_limits", 3600.0, limits.forget),
    ("outbox.forget", 3600.0, outbox.forget_done),
    ("events.forget", 3600.0, events.forget),
)


def connect() -> None:
    for adapter in ADAPTERS:
        registry.register(adapter)
    for kind, handlers in SUBSCRIPTIONS.items():
        for handler in handlers:
            events.on(kind, handler)
    for topic, handler, within in TOPICS:
        outbox.route(topic, handler, within=within, join=JOINS.get(topic))
    for name, seconds, work in JOBS:
        periodic.every(seconds, name, work)
    _read_messages()
    people_ports.timeline_sources.append(customers.timeline)
    channel_ports.batch_plan.append(receive_bulk.plan)
    people_ports.card_actions.append(customers.write_action)
    wake.on_wake(outbox.run)


def _read_messages() -> None:
    """Customers' messages are what analysis reads, when they come and when their text changes."""
    analysis_ports.text_sources[subjects.KIND] = subjects.texts
    analysis_ports.names_of[subjects.KIND] = subjects.names
    analysis_ports.pages_of[subjects.KIND] = subjects.pages
    analysis_ports.doors.opinion = opinion_door.Door()
    analysis_ports.history[subjects.KIND] = analysis_ports.History(subjects.count, subjects.page)
    for topic in (TOPIC_MESSAGE, TOPIC_MESSAGE_CHANGED):
        analysis_ports.followed[topic] = analysis_ports.Followed(subjects.KIND, "message_id")

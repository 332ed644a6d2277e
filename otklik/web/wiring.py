"""Who reacts to what, who works which topic, what recurs: the whole product on one page.

Called once by `WebConfig.ready`.
"""

from __future__ import annotations

from otklik.accounts import mailer
from otklik.audit import services as audit
from otklik.channels import delivery, intake, polling, registry
from otklik.channels.demo import DemoAdapter
from otklik.channels.events import DeliveryChanged, InboundParsed
from otklik.channels.feed.adapter import FeedAdapter
from otklik.channels.hook import HookAdapter
from otklik.channels.importer import runner as importing
from otklik.channels.importer.adapter import ImportAdapter
from otklik.channels.mail import census
from otklik.channels.mail.adapter import MailAdapter
from otklik.inbox.services import delivery_news, receive, state
from otklik.kernel import events, outbox, periodic, wake

ADAPTERS = (MailAdapter(), FeedAdapter(), HookAdapter(), ImportAdapter(), DemoAdapter("demo"))

# event → handlers, inside the announcer's transaction
SUBSCRIPTIONS = {
    InboundParsed: [receive.receive],
    DeliveryChanged: [delivery_news.delivery_changed],
}

# outbox topic → handler; within: its effect and "done" are one transaction
TOPICS = (
    (intake.PARSE_TOPIC, intake.parse, False),
    (delivery.TOPIC, delivery.deliver, False),
    (polling.TOPIC, polling.poll, False),
    (importing.TOPIC, importing.run, False),
    (mailer.TOPIC, mailer.deliver, False),
)

# name, seconds, work
JOBS = (
    ("outbox.sweep", 1.0, outbox.sweep),
    ("audit.seal", 1.0, audit.seal),
    ("channels.poll", 2.0, polling.plan_due),
    ("channels.census", 86400.0, census.check_all),
    ("inbox.wake_snoozed", 5.0, state.wake_snoozed),
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
        outbox.route(topic, handler, within=within)
    for name, seconds, work in JOBS:
        periodic.every(seconds, name, work)
    wake.on_wake(outbox.run)

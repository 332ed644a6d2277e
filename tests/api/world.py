"""One object of every kind in a company, made through the services: what a stranger must never reach."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction

from otklik.accounts import services as accounts
from otklik.accounts.models import CalendarEvent, Team, User, WorkingCalendar
from otklik.analysis.engine.reading import Item, Reader
from otklik.analysis.models import ModelVersion
from otklik.analysis.services import correct, reader
from otklik.analysis.services.readings import keep
from otklik.channels.importer import service as imports
from otklik.channels.models import RawEvent
from otklik.inbox.routing.definition import Actions, Condition, Definition, Group
from otklik.inbox.services import (
    drafts,
    files,
    grouping,
    labels,
    reminders,
    reply,
    rule_runs,
    rules,
    templates,
    views,
)
from otklik.kernel import clock, outbox, secrets
from otklik.kernel.models import Outbox
from otklik.people.services import identities, merging, profile
from otklik.web.models import WebhookDelivery, WebhookSubscription
from otklik.web.webhooks import subscriptions, tail


def build(by: User, write_in: Callable[..., Any]) -> dict[str, int]:
    """Ids under the names of path parameters; `customer_merge_id` where two kinds share a name."""
    talk = write_in("Тайна: где мой заказ?", author="anna")
    second = write_in("Тайна: вторая беседа", author="anna", thread="t2")
    third = write_in("Тайна: третья", author="petr", name="Пётр Тайный", thread="t3")
    write_in("Тайна: ещё", author="petr", name="Пётр Тайный", thread="t3")
    merge = grouping.merge(talk.pk, second.pk, by=by)
    split = grouping.split(third.pk, [third.messages.order_by("-id").first().pk], by=by)
    answer = reply.reply(talk.pk, reply.Answer(text="Тайный ответ", client_key="w1"), by=by)
    drafts.save(talk.pk, "private", "Тайный черновик", by=by)
    file = files.attach(talk.pk, "private", "tajna.txt", b"secret", by=by)
    anna = profile.create({"name": "Анна Тайная", "phone": "+79161234567"}, by=by)
    twin = profile.create({"name": "Анна Тайная", "email": "anna@tajna.test"}, by=by)
    customer_merge = merging.merge(anna.pk, twin.pk, by=by)
    face = identities.add(anna.pk, "mail", "second@tajna.test", by=by)
    gone = identities.add(anna.pk, "mail", "third@tajna.test", by=by)
    label = labels.create("Тайна", by=by)
    when = Definition((Group((Condition("tone", values=("negative",)),)),), actions=Actions((label.pk,)))
    rule = rules.create("Тайное правило", when, by=by)
    template = templates.create("Тайна", "Тайный текст", by=by)
    view = views.save("Тайна", {}, by=by)
    reminder = reminders.set(talk.pk, clock.now() + timedelta(days=1), by=by)
    entry = accounts.save_entry("outlet", accounts.EntryData(key="tajna", name="Тайная улица"), by=by)
    calendar = WorkingCalendar.objects.create(organisation_id=by.organisation_id, name="Тайна")
    event = CalendarEvent.objects.create(
        organisation_id=by.organisation_id, kind="other", title="Тайна", starts_at=clock.now()
    )
    job = imports.register("text\nТайна\n".encode(), "tajna.csv", organisation_id=by.organisation_id, by=by)
    team = Team.objects.create(organisation_id=by.organisation_id, name="Тайна")
    hook = webhook(by)
    invitation, _link = accounts.invite(
        by=by, email="guest@tajna.test", name="Гость Тайны", roles=["operator"]
    )
    key, _secret = accounts.create_key(by=by, name="Тайный ключ", scopes=["admin"])
    raw = RawEvent.objects.create(
        account_id=talk.account_id,
        key="tajna",
        payload=b"{",
        size=1,
        state=RawEvent.State.FAILED,
        error="Тайна",
        received_at=clock.now(),
    )
    with transaction.atomic():
        outbox.put("channels.parse", "tajna", {"ids": []}, organisation_id=by.organisation_id)
    Outbox.objects.filter(key="tajna").update(state="dead", last_error="Тайна")
    version, correction = learnt(by, talk.last_inbound_id)
    return {
        "version_id": version,
        "read_message_id": talk.last_inbound_id,
        "correction_id": correction,
        "conversation_id": talk.pk,
        "other_conversation_id": third.pk,
        "message_id": answer.pk,
        "attachment_id": file.pk,
        "customer_id": anna.pk,
        "merge_id": merge.pk,
        "customer_merge_id": customer_merge.pk,
        "split_id": split.pk,
        "identity_id": face.pk,
        "removal_id": identities.remove(gone.pk, by=by).pk,
        "label_id": label.pk,
        "rule_id": rule.pk,
        "run_id": rule_runs.apply(rule.pk, 30, by=by).pk,
        "template_id": template.pk,
        "view_id": view.pk,
        "reminder_id": reminder.pk,
        "entry_id": entry.pk,
        "calendar_id": calendar.pk,
        "event_id": event.pk,
        "import_id": job.pk,
        "channel_id": talk.account_id,
        "webhook_id": hook.subscription_id,
        "delivery_id": hook.pk,
        "user_id": by.pk,
        "team_id": team.pk,
        "invitation_id": invitation.pk,
        "key_id": key.pk,
        "raw_id": raw.pk,
        "work_id": Outbox.objects.get(key="tajna").pk,
    }


def webhook(by: User) -> WebhookDelivery:
    subscription = WebhookSubscription.objects.create(
        organisation_id=by.organisation_id,
        name="Тайна",
        url="https://tajna.test/",
        secret=secrets.seal({"secret": subscriptions.new_secret()}),
        created_by=by,
        created_at=clock.now(),
    )
    row = tail._row(subscription, "evt_tajna", "message.created", clock.now(), {})
    row.save()
    return row


def learnt(by: User, message_id: int) -> tuple[int, int]:
    """A version of a field, and a person's word on a message that was read."""
    read = Reader().read([Item("Тайна: где мой заказ?")])[0]
    with transaction.atomic():
        keep(by.organisation_id, "message", {message_id: read})
    said = correct("message", message_id, "tone", "negative", by=by)
    version = ModelVersion.objects.create(
        organisation_id=by.organisation_id,
        field="tone",
        number=1,
        state="retired",
        blob=b"",
        base=reader.shipped(),
        labels=1,
        held=1,
        old={"agreement": 0.5},
        new={"agreement": 0.5},
        seconds=0.1,
        at=clock.now(),
    )
    return version.pk, said.corrections.get().pk

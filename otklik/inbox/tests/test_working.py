"""What people at work need around a conversation: notes, drafts, presence, labels, views, templates, files."""

from __future__ import annotations

from datetime import timedelta

import pytest

from otklik.accounts import services
from otklik.accounts.models import Outlet
from otklik.inbox import queries
from otklik.inbox.models import Attachment, Draft, Label, Mention, Reminder, SavedView, Seen
from otklik.inbox.services import (
    drafts,
    files,
    labels,
    notes,
    presence,
    reads,
    reminders,
    reply,
    templates,
    views,
)
from otklik.kernel import clock, textindex
from otklik.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from otklik.kernel.models import Event
from otklik.people.models import Customer, Order

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation(write_in):
    return write_in("Где заказ?")


def told(user, kind: str) -> int:
    return Event.objects.filter(topic="staff.notified", payload__user_id=user.pk, payload__kind=kind).count()


# notes


@pytest.mark.parametrize(
    "text",
    ["@Борис Панов, глянь", "см. @борис панов.", "(@Борис  Панов)", "@Борис глянь", "@БОРИС\nПАНОВ?"],
)
def test_a_colleague_named_in_a_note_hears_of_it(conversation, olga, boris, text):
    note = notes.add(conversation.pk, text, by=olga)
    assert [one.user for one in note.mentions.all()] == [boris]
    assert told(boris, "mention") == 1


@pytest.mark.parametrize("text", ["boris@Борис Панов", "@Бориса спросить", "Борис Панов", "@ Борис Панов"])
def test_who_is_not_named_hears_nothing(conversation, olga, boris, text):
    assert not notes.add(conversation.pk, text, by=olga).mentions.exists()


def test_a_first_name_of_two_people_names_nobody(conversation, olga, boris, company):
    services.create_user(company, email="b2@shop.test", name="Борис Другой", roles=["operator"])
    assert not notes.add(conversation.pk, "@Борис глянь", by=olga).mentions.exists()
    assert notes.add(conversation.pk, "@Борис Панов глянь", by=olga).mentions.count() == 1


def test_yo_and_ye_name_the_same_person(conversation, olga, company):
    services.create_user(company, email="s@shop.test", name="Семён Королёв", roles=["operator"])
    assert notes.add(conversation.pk, "@Семен Королев", by=olga).mentions.count() == 1


def test_a_note_takes_its_draft_and_files_and_is_found(conversation, olga):
    drafts.save(conversation.pk, "note", "Позвонить", by=olga)
    files.attach(conversation.pk, "note", "гарантия.pdf", b"%PDF-1", by=olga)
    note = notes.add(conversation.pk, "Позвонить поставщику", by=olga)
    assert note.attachments.count() == 1
    assert not Draft.objects.exists()
    assert textindex.search(olga.organisation_id, "message", "поставщики") == [conversation.pk]
    assert textindex.search(olga.organisation_id, "message", "гарантия") == [conversation.pk]


def test_an_empty_note_is_refused(conversation, olga):
    with pytest.raises(Invalid):
        notes.add(conversation.pk, "  ", by=olga)


# drafts


def test_a_draft_survives_and_is_one_per_person_and_mode(conversation, olga, boris):
    drafts.save(conversation.pk, "private", "Здр", by=olga, seen_message_id=7)
    drafts.save(conversation.pk, "private", "Здравствуйте", by=olga, recipients={"cc": ["a@b.test"]})
    drafts.save(conversation.pk, "note", "Позвонить", by=olga)
    drafts.save(conversation.pk, "private", "Моё", by=boris)
    draft = Draft.objects.get(user=olga, mode="private")
    assert (draft.text, draft.recipients, draft.based_on_message_id) == (
        "Здравствуйте",
        {"cc": ["a@b.test"]},
        7,
    )
    assert Draft.objects.count() == 3
    assert queries.page(olga, queries.Filters(view="drafts"))[0].draft in ("Здравствуйте", "Позвонить")


def test_a_draft_is_thrown_away_with_its_files(conversation, olga):
    files.attach(conversation.pk, "private", "a.txt", b"a", by=olga)
    drafts.discard(conversation.pk, "private", by=olga)
    drafts.discard(conversation.pk, "private", by=olga)
    assert not Draft.objects.exists() and not Attachment.objects.exists()


def test_a_draft_of_an_unknown_kind_or_without_end_is_refused(conversation, olga):
    with pytest.raises(Invalid):
        drafts.save(conversation.pk, "shout", "а", by=olga)
    with pytest.raises(Invalid):
        drafts.save(conversation.pk, "note", "а" * (drafts.MAX_TEXT + 1), by=olga)


# files


def test_a_file_says_what_it_is_by_its_bytes_and_has_a_safe_name(conversation, olga):
    row = files.attach(conversation.pk, "private", "..\\..\\con\u202egpj.exe", b"\x89PNG\r\n\x1a\n", by=olga)
    assert row.content_type == "image/png"
    assert "\\" not in row.filename and "\u202e" not in row.filename and not row.filename.startswith(".")


def test_files_together_have_a_limit(conversation, olga, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 10)
    files.attach(conversation.pk, "private", "a", b"123456", by=olga)
    for content in (b"12345", b"12345678901"):
        with pytest.raises(Invalid):
            files.attach(conversation.pk, "private", "b", content, by=olga)
    assert Attachment.objects.count() == 1


def test_an_empty_file_is_refused(conversation, olga):
    with pytest.raises(Invalid):
        files.attach(conversation.pk, "private", "a", b"", by=olga)


def test_only_ones_own_file_of_a_draft_is_taken_off(conversation, olga, boris):
    row = files.attach(conversation.pk, "private", "a.txt", b"a", by=olga)
    with pytest.raises(NotFound):
        files.remove(row.pk, by=boris)
    files.remove(row.pk, by=olga)
    assert not Attachment.objects.exists()


# presence and reading


def test_colleagues_see_each_other_and_who_writes(conversation, olga, boris):
    assert presence.touch(conversation.pk, by=olga, typing=True) == []
    assert presence.touch(conversation.pk, by=boris, typing=False) == [
        presence.Presence(olga.pk, "Ольга Ильина", True)
    ]
    assert presence.others(olga, [conversation.pk])[conversation.pk][0].name == "Борис Панов"
    presence.leave(conversation.pk, by=boris)
    assert presence.others(olga, [conversation.pk]) == {}


def test_a_heartbeat_that_changes_nothing_is_not_announced(conversation, olga):
    for _ in range(3):
        presence.touch(conversation.pk, by=olga, typing=False)
    assert Event.objects.filter(topic="conversation.presence").count() == 1
    presence.touch(conversation.pk, by=olga, typing=True)
    assert Event.objects.filter(topic="conversation.presence").count() == 2


def test_a_browser_that_vanished_is_gone_after_a_while(conversation, olga, boris):
    presence.touch(conversation.pk, by=olga, typing=True)
    with clock.at(clock.after(presence.TTL + 1)):
        assert presence.others(boris, [conversation.pk]) == {}
        assert presence.forget_expired() == 1
        assert presence.forget_expired() == 0


def unread(user) -> bool:
    return queries.page(user, queries.Filters())[0].unread


def test_reading_is_ones_own_and_ends_with_the_next_message(conversation, olga, boris, write_in):
    assert unread(olga)
    reads.seen(conversation.pk, conversation.last_message_id, by=olga)
    assert not unread(olga) and unread(boris)
    write_in("Ну где?")
    assert unread(olga)


def test_marked_unread_stays_so_until_looked_at(conversation, olga):
    reply.reply(conversation.pk, reply.Answer("Едет"), by=olga)
    assert not unread(olga)
    reads.unread(conversation.pk, by=olga)
    assert unread(olga)
    reads.seen(conversation.pk, 10**6, by=olga)
    assert not unread(olga)


def test_reading_never_goes_back(conversation, olga):
    reads.seen(conversation.pk, 50, by=olga)
    reads.seen(conversation.pk, 10, by=olga)
    assert Seen.objects.get().message_id == 50


def test_looking_reads_the_mention(conversation, olga, boris):
    note = notes.add(conversation.pk, "@Борис Панов глянь", by=olga)
    assert queries.counts(boris)["mentions"] == 1
    reads.seen(conversation.pk, note.pk, by=boris)
    assert Mention.objects.get().read_at is not None
    assert queries.counts(boris)["mentions"] == 0


# reminders


def test_a_reminder_fires_once_at_its_moment(conversation, olga):
    reminders.set(conversation.pk, clock.after(60), "Позвонить", by=olga)
    assert reminders.fire_due() == 0
    with clock.at(clock.after(61)):
        assert reminders.fire_due() == 1
        assert reminders.fire_due() == 0
    assert told(olga, "reminder") == 1


def test_a_reminder_that_is_done_does_not_fire(conversation, olga, boris):
    reminder = reminders.set(conversation.pk, clock.after(60), by=olga)
    with pytest.raises(NotFound):
        reminders.done(reminder.pk, by=boris)
    reminders.done(reminder.pk, by=olga)
    with clock.at(clock.after(61)):
        assert reminders.fire_due() == 0
    assert Reminder.objects.get().done_at is not None


def test_a_reminder_in_the_past_is_refused(conversation, olga):
    with pytest.raises(Invalid):
        reminders.set(conversation.pk, clock.now() - timedelta(seconds=1), by=olga)


# labels


def test_a_label_is_put_on_once_and_taken_off(conversation, olga, boris):
    label = labels.create(" Возврат   денег ", "red", by=boris)
    assert label.name == "Возврат денег"
    assert labels.add(conversation.pk, label.pk, by=olga)
    assert not labels.add(conversation.pk, label.pk, by=olga)
    assert queries.page(olga, queries.Filters(labels=(label.pk,)))[0].labels == [label]
    assert labels.remove(conversation.pk, label.pk, by=olga)
    assert not labels.remove(conversation.pk, label.pk, by=olga)


def test_labels_have_different_names_also_in_another_case(boris):
    one = labels.create("Возврат", by=boris)
    labels.create("Брак", by=boris)
    with pytest.raises(Conflict):
        labels.create("возврат", by=boris)
    with pytest.raises(Conflict):
        labels.rename(one.pk, "Брак", by=boris)
    assert labels.rename(one.pk, "ВОЗВРАТ", "blue", by=boris).colour == "blue"


def test_an_archived_label_is_not_offered_stays_where_it_is_and_can_come_back(conversation, olga, boris):
    label = labels.create("Возврат", by=boris)
    labels.add(conversation.pk, label.pk, by=olga)
    labels.archive(label.pk, by=boris)
    assert not queries.labels(olga.organisation_id).exists()
    assert queries.page(olga, queries.Filters())[0].labels == [label]
    with pytest.raises(Invalid):
        labels.add(conversation.pk, label.pk, by=olga)
    assert labels.create("Возврат", by=boris) == label
    assert Label.objects.count() == 1


def test_an_operator_makes_no_labels_and_colours_have_names(olga, boris):
    with pytest.raises(Forbidden):
        labels.create("Возврат", by=olga)
    with pytest.raises(Invalid):
        labels.create("Возврат", "#ff0000", by=boris)
    with pytest.raises(Invalid):
        labels.create(" ", by=boris)


# saved views


def test_ones_own_views_are_kept_ordered_and_renamed(olga, boris):
    one = views.save("Первый", {"state": ["open"]}, by=olga)
    two = views.save("Второй", {"q": "возврат"}, by=olga)
    assert views.save("Первый", {"state": ["closed"]}, by=olga) == one
    views.reorder([two.pk, one.pk, 999], by=olga)
    assert [view.name for view in queries.saved_views(olga)] == ["Второй", "Первый"]
    assert views.rename(two.pk, "Главный", by=olga).name == "Главный"
    assert not queries.saved_views(boris).exists()


def test_shared_views_belong_to_those_who_may_share(olga, boris):
    shared = views.save("Общий", {}, by=boris, shared=True)
    assert list(queries.saved_views(olga)) == [shared]
    for call in (
        lambda: views.save("Мой общий", {}, by=olga, shared=True),
        lambda: views.delete(shared.pk, by=olga),
        lambda: views.rename(shared.pk, "Х", by=olga),
    ):
        with pytest.raises(Forbidden):
            call()
    views.delete(shared.pk, by=boris)
    assert not SavedView.objects.exists()


def test_the_view_of_a_colleague_looks_missing(olga, boris):
    mine = views.save("Мой", {}, by=olga)
    with pytest.raises(NotFound):
        views.delete(mine.pk, by=boris)


# templates


def test_a_template_is_filled_from_customer_agent_order_and_outlet(conversation, olga, boris):
    Outlet.objects.create(organisation_id=olga.organisation_id, key="m5", name="ТЦ «Мега»")
    Order.objects.create(
        organisation_id=olga.organisation_id,
        customer=Customer.objects.get(),
        number="СТ-1284",
        ordered_at=clock.now(),
        outlet_key="m5",
        updated_at=clock.now(),
    )
    text = "{{customer.first_name}}, {{ customer.name }}: {{order.number}}, {{outlet.name}}. "
    text += "{{agent.first_name}} №{{conversation.number}}"
    template = templates.create("Готов", text, by=boris)
    rendered = templates.render(template.pk, conversation.pk, by=olga)
    assert rendered.text == f"Анна, Анна Белова: СТ-1284, ТЦ «Мега». Ольга №{conversation.pk}"
    assert rendered.missing == []


def test_what_is_not_known_stays_visible_and_is_reported(conversation, olga, boris):
    template = templates.create("Готов", "Заказ {{order.number}} и {{order.number}}", by=boris)
    rendered = templates.render(template.pk, conversation.pk, by=olga)
    assert len(rendered.missing) == 1
    assert rendered.text.count(f"[{rendered.missing[0]}?]") == 2
    assert templates.unfilled(rendered.text)


def test_an_unknown_variable_typed_by_hand_is_left_visible(conversation, olga):
    rendered = templates.fill("{{weather}} {{}}", conversation, olga)
    assert rendered.text.startswith("[weather?]")
    assert templates.unfilled(rendered.text)


def test_a_template_with_an_unknown_variable_is_refused_with_the_known_ones(boris):
    with pytest.raises(Invalid) as caught:
        templates.create("Х", "{{customer.surname}}", by=boris)
    assert "customer.surname" in caught.value.sentence and "customer.first_name" in caught.value.sentence


def test_templates_have_different_names_and_can_be_archived(olga, boris):
    one = templates.create("Готов", "Текст", by=boris)
    templates.create("Другой", "Текст", by=boris)
    with pytest.raises(Conflict):
        templates.create("Готов", "Текст", by=boris)
    with pytest.raises(Conflict):
        templates.update(one.pk, by=boris, name="Другой", text="Текст")
    assert templates.update(one.pk, by=boris, name="Готов", text="Новый").text == "Новый"
    with pytest.raises(Forbidden):
        templates.archive(one.pk, by=olga)
    templates.archive(one.pk, by=boris)
    one.refresh_from_db()
    assert one.archived_at is not None


def test_brackets_with_a_value_of_the_customer_are_not_filled_twice(conversation, olga):
    Customer.objects.update(name="{{agent.name}}")
    conversation.refresh_from_db()
    rendered = templates.fill("{{customer.name}}", conversation, olga)
    assert rendered.text == "{{agent.name}}"

"""A rule acts on a conversation once for a message, and never takes anything out of a person's hands."""

from __future__ import annotations

import pytest

from otklik.accounts import presence
from otklik.accounts.models import Organisation, Team, TeamMember
from otklik.analysis import services as analysis
from otklik.audit.models import Entry
from otklik.inbox import presenters
from otklik.inbox.models import Conversation, Mention, Message, RuleEffect
from otklik.inbox.services import labels, notes, reads, rule_effects, rules, state
from otklik.inbox.tests.rules.support import asked, labels_of, lines_of, read, read_message, rule, when
from otklik.kernel import clock, outbox
from otklik.kernel.models import Outbox

pytestmark = pytest.mark.django_db

BAD = ("tone", "negative")


@pytest.fixture
def complaint(boris):
    return labels.create("Жалоба", by=boris)


@pytest.fixture
def lawyers(company):
    return Team.objects.create(organisation=company, name="Юристы")


def fresh(talk) -> Conversation:
    return Conversation.objects.get(pk=talk.pk)


def test_a_rule_puts_its_label_gives_to_its_team_and_says_so(write_in, boris, complaint, lawyers) -> None:
    rule(boris, when(BAD, label=complaint, team=lawyers), "Недовольные")
    talk = write_in("Безобразие")
    read(talk, tone="negative")
    assert labels_of(talk) == ["Жалоба"]
    assert fresh(talk).team == lawyers
    line = Message.objects.get(conversation=talk, direction="system")
    assert presenters.sentence(line.event)[1] == (
        "Правило «Недовольные» дало метку «Жалоба», передало команде «Юристы»"
    )
    entry = Entry.objects.get(action="conversation.ruled")
    assert (entry.data["rule"], entry.data["version"], entry.actor_kind) == ("Недовольные", 1, "system")
    effect = RuleEffect.objects.get()
    assert (effect.version.number, effect.done) == (1, {"labels": [complaint.pk], "team": [None, lawyers.pk]})


def test_what_does_not_meet_a_rule_stays_as_it_is(write_in, boris, complaint) -> None:
    rule(boris, when(BAD, label=complaint))
    talk = write_in("Спасибо")
    read(talk, tone="positive")
    assert (labels_of(talk), RuleEffect.objects.count()) == ([], 0)


def test_a_field_the_reading_is_not_sure_of_meets_only_rules_that_say_so(write_in, boris, complaint) -> None:
    maybe = labels.create("Возможно", by=boris)
    rule(boris, when(BAD, label=complaint), "Только точно")
    rule(boris, when(asked(*BAD, sure=False), label=maybe), "И неточно")
    talk = write_in("Ну-ну")
    read(talk, tone="negative", abstained=["tone"])
    assert labels_of(talk) == ["Возможно"]


def test_the_same_reading_twice_acts_once(write_in, boris, complaint) -> None:
    rule(boris, when(BAD, label=complaint, note="Проверьте"))
    talk = write_in("Безобразие")
    read(talk, tone="negative")
    payload = Outbox.objects.get(topic=rule_effects.TOPIC).payload
    rule_effects.run(payload)
    rule_effects.run(payload)
    assert (RuleEffect.objects.count(), lines_of(talk)) == (1, ["conversation.ruled"])
    assert Message.objects.filter(conversation=talk, direction="note").count() == 1


def test_a_text_read_again_is_not_asked_about_again(write_in, boris, complaint) -> None:
    rule(boris, when(BAD, label=complaint))
    talk = write_in("Безобразие")
    read(talk, tone="neutral")
    read(talk, tone="negative")
    assert labels_of(talk) == []


def test_a_label_that_a_person_took_off_does_not_come_back(write_in, boris, complaint) -> None:
    rule(boris, when(BAD, label=complaint))
    talk = write_in("Безобразие", thread="t")
    read(talk, tone="negative")
    labels.remove(talk.pk, complaint.pk, by=boris)
    write_in("Снова безобразие", thread="t")
    read(talk, tone="negative")
    assert labels_of(talk) == []


def test_after_a_conversation_was_closed_a_new_matter_is_looked_at_anew(write_in, boris, complaint) -> None:
    rule(boris, when(BAD, label=complaint))
    talk = write_in("Безобразие", thread="t")
    read(talk, tone="negative")
    labels.remove(talk.pk, complaint.pk, by=boris)
    state.close(talk.pk, by=boris)
    write_in("Через год опять", thread="t")
    read(talk, tone="negative")
    assert labels_of(talk) == ["Жалоба"]


def test_a_persons_conversation_stays_with_the_person(write_in, boris, olga, complaint, lawyers) -> None:
    rule(boris, when(BAD, label=complaint, team=lawyers))
    talk = write_in("Безобразие")
    state.assign(talk.pk, by=olga, user_id=olga.pk)
    read(talk, tone="negative")
    assert (fresh(talk).assignee, fresh(talk).team, labels_of(talk)) == (olga, None, ["Жалоба"])


def test_a_correction_before_anybody_has_touched_it_lets_the_rules_act(
    write_in, boris, olga, complaint
) -> None:
    rule(boris, when(BAD, label=complaint))
    talk = write_in("Ну-ну")
    read(talk, tone="neutral")
    analysis.correct("message", talk.last_inbound_id, "tone", "negative", by=olga)
    outbox.drain()
    assert labels_of(talk) == ["Жалоба"]


def test_a_correction_after_somebody_acted_changes_nothing(write_in, boris, olga, complaint) -> None:
    rule(boris, when(BAD, label=complaint))
    talk = write_in("Ну-ну")
    read(talk, tone="neutral")
    notes.add(talk.pk, "Смотрю", by=olga)
    analysis.correct("message", talk.last_inbound_id, "tone", "negative", by=olga)
    outbox.drain()
    assert labels_of(talk) == []


def test_rules_are_asked_in_order_until_one_says_stop(write_in, boris) -> None:
    one, two, three = (labels.create(name, by=boris) for name in ("Один", "Два", "Три"))
    rule(boris, when(BAD, label=one), "Первое")
    rule(boris, when(BAD, label=two, stop=True), "Второе")
    last = rule(boris, when(BAD, label=three), "Третье")
    first_talk = write_in("Безобразие", author="a")
    read(first_talk, tone="negative")
    assert labels_of(first_talk) == ["Два", "Один"]
    rules.move(last.pk, -1, by=boris)
    second_talk = write_in("Безобразие", author="b")
    read(second_talk, tone="negative")
    assert labels_of(second_talk) == ["Два", "Один", "Три"]


def test_the_first_rule_that_gives_a_conversation_away_wins(write_in, boris, company, lawyers) -> None:
    other = Team.objects.create(organisation=company, name="Вторые")
    rule(boris, when(BAD, team=lawyers), "Первое")
    rule(boris, when(BAD, team=other), "Второе")
    talk = write_in("Безобразие")
    read(talk, tone="negative")
    assert fresh(talk).team == lawyers


def test_an_earlier_message_read_late_does_not_move_it_back(write_in, boris, company, lawyers) -> None:
    other = Team.objects.create(organisation=company, name="Вторые")
    rule(boris, when(BAD, team=lawyers), "Первое")
    rule(boris, when(("tone", "positive"), team=other), "Второе")
    talk = write_in("Спасибо", thread="t")
    early = fresh(talk).last_inbound_id
    write_in("Безобразие", thread="t")
    read(talk, tone="negative")
    read_message(talk.organisation_id, early, tone="positive")
    outbox.drain()
    assert fresh(talk).team == lawyers


def test_switched_off_and_archived_rules_do_nothing(write_in, boris, complaint) -> None:
    off = rule(boris, when(BAD, label=complaint), "Выключено")
    rules.switch(off.pk, False, by=boris)
    gone = rule(boris, when(BAD, label=complaint), "В архиве")
    rules.archive(gone.pk, by=boris)
    talk = write_in("Безобразие")
    read(talk, tone="negative")
    assert labels_of(talk) == []


def test_rules_of_another_organisation_are_not_asked(write_in, boris, complaint, alisa) -> None:
    rule(boris, when(BAD, label=complaint))
    other = Organisation.objects.create(name="Чужие", created_at=clock.now())
    assert rule_effects.in_force(other.pk) == []
    talk = write_in("Безобразие")
    rule_effects.run({"organisation": other.pk, "messages": [talk.last_inbound_id], "corrected": False})
    assert labels_of(talk) == []


def test_a_robots_letter_meets_no_rule(write_in, boris, complaint) -> None:
    rule(boris, when(BAD, label=complaint))
    talk = write_in("Меня нет на месте")
    Message.objects.filter(pk=talk.last_inbound_id).update(auto="auto_reply")
    read(talk, tone="negative")
    assert labels_of(talk) == []


def test_a_note_of_a_rule_calls_whom_it_names(write_in, boris, olga) -> None:
    rule(boris, when(BAD, note="@Ольга Ильина, позвоните"), "Звонок")
    talk = write_in("Безобразие")
    read(talk, tone="negative")
    note = Message.objects.get(conversation=talk, direction="note")
    assert (note.author_name, note.author_user) == ("Правило «Звонок»", None)
    assert Mention.objects.get().user == olga


class TestRoundRobin:
    @pytest.fixture
    def line(self, company, olga, demo_channel):
        team = Team.objects.create(organisation=company, name="Первая линия", round_robin=True)
        TeamMember.objects.create(team=team, user=olga)
        presence.set_presence(olga, "online")
        demo_channel.team = team
        demo_channel.save(update_fields=["team"])
        return team

    def test_what_the_turn_gave_a_moment_ago_and_nobody_looked_at_may_go_on(
        self, line, write_in, boris, olga, lawyers
    ) -> None:
        rule(boris, when(BAD, team=lawyers))
        talk = write_in("Безобразие")
        assert fresh(talk).assignee == olga
        read(talk, tone="negative")
        assert (fresh(talk).assignee, fresh(talk).team) == (None, lawyers)

    def test_what_the_person_has_opened_stays(self, line, write_in, boris, olga, lawyers) -> None:
        rule(boris, when(BAD, team=lawyers))
        talk = write_in("Безобразие")
        reads.seen(talk.pk, talk.last_inbound_id, by=olga)
        read(talk, tone="negative")
        assert (fresh(talk).assignee, fresh(talk).team) == (olga, line)

    def test_what_was_given_long_ago_stays(self, line, write_in, boris, olga, lawyers) -> None:
        rule(boris, when(BAD, team=lawyers))
        talk = write_in("Безобразие")
        with clock.at(clock.after(rule_effects.JUST_GIVEN + 1)):
            read(talk, tone="negative")
        assert fresh(talk).assignee == olga

    def test_a_rotating_team_gives_it_to_whose_turn_it_is_at_once(
        self, line, write_in, boris, company, alisa
    ) -> None:
        fast = Team.objects.create(organisation=company, name="Быстрые", round_robin=True)
        TeamMember.objects.create(team=fast, user=alisa)
        presence.set_presence(alisa, "online")
        rule(boris, when(BAD, team=fast))
        talk = write_in("Безобразие")
        read(talk, tone="negative")
        assert (fresh(talk).assignee, fresh(talk).team) == (alisa, fast)
        assert lines_of(talk) == ["conversation.routed", "conversation.ruled", "conversation.routed"]

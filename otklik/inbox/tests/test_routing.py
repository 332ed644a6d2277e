"""Whose turn is it?"""

from __future__ import annotations

import pytest
from django.utils import translation

from otklik.accounts import presence, services
from otklik.accounts.models import Team, TeamMember, User
from otklik.audit import queries as audit
from otklik.inbox import presenters
from otklik.inbox.models import Conversation, Message
from otklik.inbox.services import routing, state
from otklik.inbox.tests.support import arrive, mail
from otklik.kernel import clock
from otklik.kernel.errors import Invalid
from otklik.people.models import Customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(company, olga, demo_channel):
    """A rotating team of Olga and Denis, both at work, that gets everything of the channel."""
    denis = services.create_user(company, email="denis@shop.test", name="Денис Котов", roles=["operator"])
    team = Team.objects.create(organisation=company, name="Первая линия", round_robin=True)
    for person in (olga, denis):
        TeamMember.objects.create(team=team, user=person)
        presence.set_presence(person, "online")
    demo_channel.team = team
    demo_channel.save(update_fields=["team"])
    return team, olga, denis


def owner_of_new(account, number: int) -> User | None:
    found = arrive(account, mail(f"c{number}@mail.test"))
    return Conversation.objects.get(pk=found.pk).assignee


def test_new_conversations_go_round(line, demo_channel):
    _team, olga, denis = line
    assert [owner_of_new(demo_channel, n) for n in range(4)] == [olga, denis, olga, denis]


def test_who_has_no_room_is_passed_over(line, demo_channel):
    _team, olga, denis = line
    User.objects.filter(pk=olga.pk).update(capacity=1)
    assert [owner_of_new(demo_channel, n) for n in range(4)] == [olga, denis, denis, denis]


def test_what_nobody_can_take_waits_and_is_given_when_room_appears(line, demo_channel):
    team, olga, denis = line
    User.objects.filter(pk__in=(olga.pk, denis.pk)).update(capacity=1)
    assert [owner_of_new(demo_channel, n) for n in range(3)] == [olga, denis, None]
    assert routing.drain(team.pk) == 0
    state.close(Conversation.objects.get(assignee=olga).pk, by=olga)
    assert routing.drain_all() == 1
    assert Conversation.objects.filter(assignee=olga, state="open").count() == 1
    assert routing.drain_all() == 0


@pytest.mark.parametrize("word", ["away", "offline"])
def test_who_is_not_at_work_gets_nothing(line, demo_channel, word):
    _team, olga, denis = line
    presence.set_presence(olga, word)
    assert [owner_of_new(demo_channel, n) for n in range(2)] == [denis, denis]


def test_a_browser_that_has_gone_silent_gets_nothing(line, demo_channel):
    _team, olga, denis = line
    User.objects.filter(pk=olga.pk).update(seen_at=clock.ago(presence.ALIVE_FOR + 1))
    assert owner_of_new(demo_channel, 1) == denis


def test_who_may_not_answer_gets_nothing(line, demo_channel, company):
    team, olga, denis = line
    presence.set_presence(olga, "offline")
    presence.set_presence(denis, "offline")
    vera = services.create_user(company, email="vera@shop.test", name="Вера", roles=["analyst"])
    TeamMember.objects.create(team=team, user=vera)
    presence.set_presence(vera, "online")
    assert owner_of_new(demo_channel, 1) is None


def test_a_team_without_rotation_keeps_its_conversations(line, demo_channel):
    Team.objects.update(round_robin=False)
    assert owner_of_new(demo_channel, 1) is None


def test_a_robots_letter_is_given_to_nobody(line, demo_channel):
    found = arrive(demo_channel, mail("robot@x.test", extra={"auto": "auto_reply"}))
    assert Conversation.objects.get(pk=found.pk).assignee is None


def test_a_conversation_with_an_owner_stays_with_the_owner(line, demo_channel):
    _team, olga, _denis = line
    first = arrive(demo_channel, mail("a@x.test", id="1@x"))
    arrive(demo_channel, mail("a@x.test", refs=("1@x",)))
    assert Conversation.objects.get(pk=first.pk).assignee == olga


def test_the_longest_waiting_is_given_first(line, demo_channel):
    team, olga, denis = line
    User.objects.filter(pk__in=(olga.pk, denis.pk)).update(capacity=0)
    late = arrive(demo_channel, mail("late@x.test", at=clock.ago(60)))
    early = arrive(demo_channel, mail("early@x.test", at=clock.ago(600)))
    User.objects.filter(pk=olga.pk).update(capacity=1)
    assert routing.drain(team.pk) == 1
    assert Conversation.objects.get(pk=early.pk).assignee == olga
    assert Conversation.objects.get(pk=late.pk).assignee is None


def test_customers_who_wait_for_somebody_gone_go_back_to_the_team(line, demo_channel):
    _team, olga, denis = line
    waits, answered = (arrive(demo_channel, mail(f"{n}@x.test")) for n in ("a", "b"))
    Conversation.objects.update(assignee=olga)
    state.wait_for_customer(answered.pk, by=olga)
    later = clock.after(routing.GONE_AFTER * 60 + 1)
    with clock.at(later):
        presence.set_presence(denis, "online")
        assert routing.requeue_offline() == 1
        assert routing.requeue_offline() == 0
        routing.drain_all()
    assert Conversation.objects.get(pk=waits.pk).assignee == denis
    assert Conversation.objects.get(pk=answered.pk).assignee == olga


def test_a_company_may_switch_the_returning_off(line, demo_channel, company):
    company.settings = {"requeue_after_minutes": 0}
    company.save(update_fields=["settings"])
    arrive(demo_channel, mail("a@x.test"))
    with clock.at(clock.after(86400)):
        assert routing.requeue_offline() == 0


def test_a_sign_of_life_is_written_seldom_and_not_for_those_who_left(olga):
    presence.set_presence(olga, "online")
    assert not presence.touch(olga)
    with clock.at(clock.after(presence.TOUCH_EVERY + 1)):
        assert presence.touch(olga)
        presence.set_presence(olga, "offline")
    with clock.at(clock.after(600)):
        assert not presence.touch(olga)


def test_an_unknown_word_for_presence_is_refused(olga):
    with pytest.raises(Invalid):
        presence.set_presence(olga, "sleeping")


def test_a_turn_is_taken_once(olga):
    assert presence.take_turn(olga.pk, None)
    assert not presence.take_turn(olga.pk, None)


# the customer's language


@pytest.fixture
def english(line, demo_channel):
    """A customer who likes English; Denis answers in it, Olga does not and is first in turn."""
    _team, _olga, denis = line
    User.objects.filter(pk=denis.pk).update(speaks=["ru", "en"])
    found = arrive(demo_channel, mail("john@mail.test", id="0@x"))
    Customer.objects.filter(pk=found.customer_id).update(language="en")
    Conversation.objects.filter(pk=found.pk).update(assignee=None)
    Message.objects.filter(direction="system").delete()
    User.objects.filter(pk=denis.pk).update(assigned_at=clock.now())
    User.objects.exclude(pk=denis.pk).update(assigned_at=None)
    return Conversation.objects.get(pk=found.pk)


def why(conversation) -> str:
    lines = Message.objects.filter(conversation=conversation, direction="system").order_by("pk")
    with translation.override("en"):
        return presenters.sentence(lines[len(lines) - 1].event)[1]


@pytest.mark.req("S2-2")
def test_who_answers_in_the_customers_language_comes_before_whose_turn_it_is(line, english):
    _team, _olga, denis = line
    assert routing.assign_next(english) == denis
    assert why(english) == "Given by turn: Денис Котов. Reason: answers in the customer's language (English)"
    entry = audit.of_object(english.organisation_id, "conversation", english.pk)[0]
    assert (entry.action, entry.data["why"], entry.data["language"]) == (
        "conversation.routed",
        "speaks",
        "en",
    )


@pytest.mark.req("S2-2")
@pytest.mark.parametrize("trouble", ["away", "full", "mute"])
def test_without_anybody_free_who_speaks_it_the_turn_decides_and_the_thread_says_so(line, english, trouble):
    _team, olga, denis = line
    if trouble == "away":
        presence.set_presence(denis, "away")
    elif trouble == "full":
        User.objects.filter(pk=denis.pk).update(capacity=0)
    else:
        User.objects.filter(pk=denis.pk).update(speaks=[])  # the organisation's language only
    assert routing.assign_next(english) == olga
    assert why(english) == (
        "Given by turn: Ольга Ильина. Nobody free answers in the customer's language (English)"
    )


def test_without_a_known_language_only_the_turn_counts(line, demo_channel):
    _team, olga, denis = line
    User.objects.filter(pk=denis.pk).update(speaks=["en"])
    found = arrive(demo_channel, mail("c@mail.test"))
    assert Conversation.objects.get(pk=found.pk).assignee == olga
    assert why(found) == "Given by turn: Ольга Ильина"

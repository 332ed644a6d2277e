"""When customers merge and part, their conversations follow, and the timeline shows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from otklik.inbox.models import Conversation
from otklik.people import history
from otklik.people.services import merging, profile

pytestmark = pytest.mark.django_db(transaction=True)


def test_conversations_follow_a_merge_and_return_when_it_is_taken_back(
    write_in: Callable[..., Any], boris: Any
) -> None:
    anna = write_in("Где заказ?", author="anna", name="Анна Белова")
    hanna = write_in("Это снова я", author="hanna", name="Ганна Белова")
    done = merging.merge(anna.customer_id, hanna.customer_id, by=boris)
    hanna.refresh_from_db()
    assert hanna.customer_id == anna.customer_id
    assert hanna.customer_name == "Анна Белова"

    later = write_in("И ещё вопрос", author="hanna", name="Ганна Белова", thread="other")
    assert later.customer_id == anna.customer_id
    merging.unmerge(done.pk, by=boris)
    for conversation in (hanna, later):
        conversation.refresh_from_db()
        assert conversation.customer_id != anna.customer_id
        assert conversation.customer_name == "Ганна Белова"
    anna.refresh_from_db()
    assert anna.customer_name == "Анна Белова"


def test_a_new_name_stands_in_the_list_at_once(write_in: Callable[..., Any], boris: Any) -> None:
    conversation = write_in("Где заказ?")
    profile.update(conversation.customer_id, {"name": "Анна Сергеевна Белова"}, by=boris)
    assert Conversation.objects.get(pk=conversation.pk).customer_name == "Анна Сергеевна Белова"


def test_the_timeline_of_a_customer_shows_the_conversations(write_in: Callable[..., Any], boris: Any) -> None:
    conversation = write_in("Где заказ?")
    entries = history.timeline(boris.organisation_id, conversation.customer_id)
    assert any(entry.url.endswith(f"/inbox/{conversation.pk}/") for entry in entries)

"""A note that is sent twice is written once."""

from __future__ import annotations

import pytest

from otklik.inbox.services import bulk, notes

pytestmark = pytest.mark.django_db


def test_a_double_click_writes_one_note(write_in, olga, client):
    talk = write_in("Где заказ?")
    client.force_login(olga)
    form = {"mode": "note", "text": "Спросить склад", "client_key": "click-1"}
    for _click in range(2):
        assert client.post(f"/inbox/{talk.pk}/send/", form).status_code == 302
    assert talk.messages.filter(direction="note").count() == 1


def test_two_notes_without_a_key_are_two(write_in, olga):
    talk = write_in("Где заказ?")
    assert notes.add(talk.pk, "Раз", by=olga) != notes.add(talk.pk, "Раз", by=olga)


def test_a_merge_of_many_without_a_chosen_one_keeps_the_first(write_in, olga):
    one, two = write_in("Раз"), write_in("Два", author="petr")
    result = bulk.run("merge", [one.pk, two.pk], by=olga, survivor_id=None)
    assert result.refused == []
    two.refresh_from_db()
    assert two.merged_into_id == one.pk

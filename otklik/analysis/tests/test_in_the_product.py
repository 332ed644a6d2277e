"""What customers write is read in the background, shown with its reason, filtered by, and corrected by people."""

from __future__ import annotations

import pytest
from django.test import Client

from otklik.analysis import queries, services
from otklik.analysis.engine.reading import Reader
from otklik.analysis.models import Correction, Reading, Rereading
from otklik.analysis.services import following, history
from otklik.inbox import queries as inbox
from otklik.inbox.models import Message
from otklik.inbox.queries import Filters
from otklik.kernel import outbox
from otklik.kernel.errors import Forbidden, Invalid, NotFound
from tests.api.stream import visible

ANGRY = "Третью неделю не привозят холодильник, обещали во вторник! Верните деньги."
GLAD = "Спасибо мастеру Сергею, всё починил быстро и вежливо"


pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def read(transactional_db):
    """Everything written so far is read; how many texts that were."""

    def run() -> int:
        visible()
        return following.follow()

    return run


def reading_of(conversation) -> Reading:
    return queries.of("message", [conversation.last_inbound_id])[conversation.last_inbound_id]


def test_an_incoming_message_is_read_once_with_its_evidence(read, write_in) -> None:
    talk = write_in(ANGRY, author="anna", thread="t1")
    assert read() == 1
    assert read() == 0
    found = reading_of(talk)
    assert (found.lang, found.tone, found.intent, found.expects_reply) == (
        "ru",
        "negative",
        "complaint",
        "yes",
    )
    spans = found.data["evidence"]["intent"]
    assert all(ANGRY[start:end].strip() for start, end in spans)
    assert Reading.objects.count() == 1


def test_history_is_read_again_once_at_a_time_and_by_whom_it_is_allowed(write_in, olga, alisa) -> None:
    talks = [write_in(f"{ANGRY} {n}", author=f"a{n}", thread=f"t{n}") for n in range(5)]
    job = services.again("message", by=alisa)
    assert services.again("message", by=alisa).pk == job.pk  # one at a time
    outbox.drain()
    job.refresh_from_db()
    assert (job.total, job.done, job.done_at is not None) == (5, 5, True)
    assert {reading_of(talk).tone for talk in talks} == {"negative"}
    with pytest.raises(Forbidden):
        services.again("message", by=olga)


def test_reading_history_goes_on_where_it_stopped(write_in, alisa, monkeypatch) -> None:
    for n in range(6):
        write_in(f"{GLAD} {n}", author=f"a{n}", thread=f"t{n}")
    monkeypatch.setattr(history, "BATCH", 2)
    job = services.again("message", by=alisa)
    real = history.keep  # type: ignore[attr-defined]  # the name the job uses
    seen: list[list[int]] = []

    def dies_later(organisation_id, kind, rows, version):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(list(rows))
        real(organisation_id, kind, rows, version)

    monkeypatch.setattr(history, "keep", dies_later)
    with pytest.raises(KeyboardInterrupt):
        history.run({"job": job.pk, "turn": 0})
    assert Rereading.objects.get().done == 4
    monkeypatch.setattr(history, "keep", real)
    history.run({"job": job.pk, "turn": 0})
    assert Rereading.objects.get().done == 6
    assert Reading.objects.count() == 6


@pytest.mark.req("S1-51")
def test_a_persons_word_stands_above_the_machine_and_is_kept_as_a_label(read, write_in, olga, alisa) -> None:
    talk = write_in(ANGRY, author="anna", thread="t1")
    read()
    found = services.correct("message", talk.last_inbound_id, "tone", "mixed", by=olga)
    assert (found.tone, found.data["tone"]["label"], found.corrected) == ("mixed", "negative", ["tone"])
    services.correct("message", talk.last_inbound_id, "intent", "complaint", by=olga)
    labels = list(Correction.objects.order_by("id").values_list("field", "said", "right", "by_id"))
    assert labels == [("tone", "negative", "mixed", olga.pk), ("intent", "complaint", "complaint", olga.pk)]
    services.again("message", by=alisa)
    outbox.drain()
    assert reading_of(talk).tone == "mixed"


def test_a_person_may_say_that_there_is_no_cause(read, write_in, olga) -> None:
    talk = write_in(ANGRY, author="anna", thread="t1")
    read()
    assert reading_of(talk).cause
    page = Client()
    page.force_login(olga)
    page.post(f"/inbox/messages/{talk.last_inbound_id}/reading/", {"field": "cause", "label": ""})
    assert reading_of(talk).cause == ""


def test_a_text_that_cannot_be_read_keeps_no_other_waiting(read, write_in, monkeypatch) -> None:
    talks = [write_in(text, author=text[:3], thread=text[:3]) for text in (ANGRY, "взрыв", GLAD)]
    real = Reader.read

    def breaks(self, items):
        if any(one.text == "взрыв" for one in items):
            raise ValueError
        return real(self, items)

    monkeypatch.setattr(Reader, "read", breaks)
    assert read() == 3
    assert [reading_of(talk).unsure for talk in talks][1]
    assert (reading_of(talks[0]).tone, reading_of(talks[2]).tone) == ("negative", "positive")


def test_nonsense_and_strangers_correct_nothing(read, write_in, olga) -> None:
    talk = write_in(ANGRY, author="anna", thread="t1")
    read()
    with pytest.raises(Invalid):
        services.correct("message", talk.last_inbound_id, "tone", "furious", by=olga)
    with pytest.raises(Invalid):
        services.correct("message", talk.last_inbound_id, "priority", "P1", by=olga)
    with pytest.raises(NotFound):
        services.correct("message", 10**9, "tone", "mixed", by=olga)
    assert not Correction.objects.exists()


def test_the_list_is_narrowed_by_what_was_read(read, write_in, olga) -> None:
    bad = write_in(ANGRY, author="anna", thread="t1")
    good = write_in(GLAD, author="boris", thread="t2")
    read()

    def shown(**filters):
        return {row.conversation.pk for row in inbox.page(olga, Filters(**filters))}

    assert shown() == {bad.pk, good.pk}
    assert shown(tones=("negative",)) == {bad.pk}
    assert shown(intents=("thanks",)) == {good.pk}
    assert shown(tones=("negative",), intents=("thanks",)) == set()


@pytest.mark.req("S1-51")
def test_the_thread_shows_the_words_that_speak_for_a_tone_and_takes_the_correction(
    read, write_in, olga
) -> None:
    talk = write_in(ANGRY, author="anna", thread="t1")
    read()
    page = Client()
    page.force_login(olga)
    text = page.get(f"/inbox/{talk.pk}/").content.decode()
    assert "o-tone-neg" in text
    found = reading_of(talk)
    start, end = found.data["evidence"]["tone"][0]
    assert f"«{ANGRY[start:end]}»" in text
    answer = page.post(
        f"/inbox/messages/{talk.last_inbound_id}/reading/", {"field": "tone", "label": "neutral"}
    )
    assert "так сказал человек" in answer.content.decode()
    assert reading_of(talk).tone == "neutral"
    assert page.get("/inbox/?tone=neutral").content.decode().count(f'id="row-{talk.pk}"') == 1


def test_a_text_taken_back_by_its_author_is_not_read(read, write_in) -> None:
    talk = write_in(ANGRY, author="anna", thread="t1")
    Message.objects.filter(conversation=talk).update(deleted_at="2026-11-22T10:00:00Z")
    assert read() == 0

"""What an organisation's labels teach on top of the shipped models: much from few, never something worse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from otklik.analysis.engine import linear, own
from otklik.analysis.engine.reading import Item, Reader
from otklik.analysis.training.lesson import Lesson, TooFew, adapt, held, judged

DATA = Path(__file__).parents[1] / "data" / "texts_train.jsonl"


def rows(start: int, stop: int) -> list[dict]:
    with DATA.open(encoding="utf-8") as lines:
        every = [json.loads(line) for line in lines]
    order = np.random.default_rng(5).permutation(len(every))
    return [every[k] for k in order[start:stop]]


def convention(row: dict) -> str:
    """This organisation calls every discontent a complaint: it answers all of them."""
    main = str(row["intent"][0])
    return "complaint" if main in ("negative_feedback", "suggestion") else main


def lesson(labelled: list[dict], silent: list[dict], label=convention) -> Lesson:
    return Lesson(
        "intent", [r["text"] for r in labelled], [label(r) for r in labelled], [r["text"] for r in silent]
    )


@pytest.fixture(scope="module")
def taught():
    return adapt(lesson(rows(0, 160), rows(160, 300)), Reader(), None)


def agreement(reader: Reader, some: list[dict]) -> float:
    found = [own.said(one, "intent") for one in reader.read([Item(r["text"]) for r in some])]
    return judged([convention(r) for r in some], found)["agreement"]


@pytest.mark.req("S1-51")
def test_a_hundred_and_sixty_labels_teach_a_convention_to_texts_never_labelled(taught) -> None:
    assert taught.better
    assert taught.new["agreement"] > taught.old["agreement"]
    others = rows(300, 600)
    before, after = agreement(Reader(), others), agreement(Reader(learnt={"intent": taught.model}), others)
    assert after >= before + 0.05


def test_a_model_comes_back_from_its_bytes_with_the_same_answers(taught) -> None:
    again = linear.loads(taught.model.dumps())
    texts = [Item(r["text"]) for r in rows(300, 364)]
    one, other = (Reader(learnt={"intent": model}).read(texts) for model in (taught.model, again))
    assert [own.said(a, "intent") for a in one] == [own.said(b, "intent") for b in other]
    assert len(taught.model.dumps()) < 200_000


def test_only_corrections_of_mistakes_do_not_teach_that_every_answer_is_wrong() -> None:
    pool, reader = rows(0, 400), Reader()
    machine = [own.said(one, "intent") for one in reader.read([Item(r["text"]) for r in pool])]
    wrong = [row for row, said in zip(pool, machine, strict=True) if said != convention(row)][:50]
    silent = [row for row in pool if row not in wrong]
    found = adapt(lesson(wrong, silent), reader, None)
    others = rows(400, 700)
    assert agreement(Reader(learnt={"intent": found.model}), others) >= agreement(reader, others)


def test_labels_without_sense_change_next_to_nothing(taught) -> None:
    labelled, rng = rows(0, 150), np.random.default_rng(1)
    mixed = rng.permutation([convention(r) for r in labelled]).tolist()
    drawn = dict(zip((r["text"] for r in labelled), mixed, strict=True))
    honest = {r["text"]: convention(r) for r in labelled}
    said = lesson(labelled, rows(150, 300), lambda r: (honest if held(r["text"]) else drawn)[r["text"]])
    found = adapt(said, Reader(), None)
    others, reader = rows(300, 600), Reader()
    used = Reader(learnt={"intent": found.model}) if found.better else reader
    assert found.new["agreement"] >= found.old["agreement"] or not found.better
    assert agreement(used, others) >= agreement(reader, others) - 0.02


def test_what_follows_from_a_learnt_label_follows(taught) -> None:
    texts = [Item(r["text"]) for r in rows(300, 600)]
    plain, learnt = Reader().read(texts), Reader(learnt={"intent": taught.model}).read(texts)
    changed = [
        b for a, b in zip(plain, learnt, strict=True) if own.said(a, "intent") != own.said(b, "intent")
    ]
    assert changed
    for one in changed:
        main = one["intent"][0]["label"]
        assert main != "complaint" or one["expects_reply"] == "yes"
        assert one["confidence"]["intent"] == round(one["intent"][0]["p"], 3)
        assert len({label["label"] for label in one["intent"]}) == len(one["intent"])


def test_sets_of_labels_are_learnt_too() -> None:
    labelled = rows(0, 120)
    sets = [own.BETWEEN.join(sorted({*r["signals"], "requested_remedy"})) for r in labelled]
    found = adapt(Lesson("signals", [r["text"] for r in labelled], sets, []), Reader(), None)
    assert found.better and found.new["agreement"] > found.old["agreement"]
    [record] = Reader(learnt={"signals": found.model}).read(
        [Item("Третью неделю жду возврат денег за чайник")]
    )
    assert "requested_remedy" in record["signals"]


def test_too_few_labels_teach_nothing() -> None:
    with pytest.raises(TooFew):
        adapt(lesson(rows(0, 20), []), Reader(), None)


@pytest.mark.parametrize("text", ["", "🙂", "\x00\ud800", "a" * 100_000])
def test_bad_input_is_read_with_what_was_learnt(taught, text: str) -> None:
    [record] = Reader(learnt={"intent": taught.model}).read([Item(text)])
    assert record["intent"]

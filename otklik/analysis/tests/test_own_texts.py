"""The texts written for this project: labels that exist, stories enough, no text that repeats another."""

from __future__ import annotations

import pytest

from otklik.analysis.engine.cause import presets
from otklik.analysis.engine.labels import label_names
from otklik.analysis.training.rows import BLOCKS, judged, read_rows
from otklik.analysis.training.texts import FILES, about, shared

SET_PHRASES = {  # said twice: proverbs, a notice of a carrier, letters parted by gaps
    "двух слов связать не может",
    "дети спят на полу если до",
    "что купила за то и продаю",
    "за что купила за то и",
    "ваша посылка задержана на таможне оплатите",
    "за это время у меня",
    "слов нет одни буквы и те",
    "ни стыда ни совести у",
    "х н у л бы вашу",
    "ничего личного девушка вы ни при чем но",
}
LONG = ("texts_train", "texts_third")
SEVERAL = ("intent", "cause", "signals")
ONE = ("tone", "expects_reply", "severity", "complexity", "impact", "urgency", "abuse", "rumour", "lang")


def test_no_two_texts_share_five_words_in_a_row_but_set_phrases():
    repeated = [one for one in shared({name: read_rows(f"{name}.jsonl") for name in FILES})]
    strange = [one for one in repeated if not any(one[0] in phrase for phrase in SET_PHRASES)]
    assert strange == []


@pytest.mark.parametrize("name", LONG)
def test_every_label_is_one_that_the_engine_may_give(name):
    known = label_names()
    for row in read_rows(f"{name}.jsonl"):
        for field in SEVERAL:
            assert set(row[field]) <= set(known[field]), row["text"]
        for field in ONE:
            assert row[field] in known[field], row["text"]
        assert row["industry"] in presets(), row["text"]
        assert row["intent"], row["text"]


def test_a_text_never_complains_and_only_grumbles():
    for name in LONG:
        for row in read_rows(f"{name}.jsonl"):
            assert not {"complaint", "negative_feedback"} <= set(row["intent"]), row["text"]


def test_a_third_and_more_are_stories():
    assert all(about(read_rows(f"{name}.jsonl"))["stories"] >= 0.3 for name in LONG)


def test_every_block_of_writing_knows_every_cause():
    known = judged()
    for part in range(BLOCKS):
        rows = [row for row, block in zip(known.rows, known.parts, strict=False) if block == part]
        assert {cause for row in rows for cause in row["cause"]} == set(label_names()["cause"])
    assert len(known.weights) == len(known.parts) == len(known.rows) + len(known.abuse)

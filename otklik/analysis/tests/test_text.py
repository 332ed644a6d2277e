"""Raw texts become tokens whose places fit the raw text, whatever the text is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otklik.analysis.engine.text import LONGEST, hash_words, read


def norms(text: str) -> list[str]:
    return [token.norm for token in read([text]).tokens(0)]


def test_letters_are_lowered_yo_is_written_as_ye_and_runs_are_cut_to_three():
    assert norms("ОЧЕНЬ ооооочень Ёлка!!!!!!") == ["очень", "ооочень", "елка", "!!!"]


def test_latin_letters_inside_a_cyrillic_word_become_the_letters_they_imitate():
    assert norms("Cбeрбaнк iPhone") == ["сбербанк", "iphone"]


def test_links_and_names_become_one_token_that_covers_them_whole():
    text = "см. https://example.org/a?b=1 @vasya_p спасибо"
    tokens = read([text]).tokens(0)
    assert [(t.norm, text[t.start : t.end]) for t in tokens if t.norm.startswith("x")] == [
        ("xurl", "https://example.org/a?b=1"),
        ("xuser", "@vasya_p"),
    ]


def test_an_apostrophe_between_letters_belongs_to_the_word():
    assert norms("п’ять don't") == ["п'ять", "don't"]


def test_a_letter_with_a_combining_mark_is_the_same_word():
    assert norms("мой") == norms("мой")


def test_emoji_are_tokens_of_their_own():
    assert norms("ура😀😀👍🏽)))") == ["ура", "😀", "😀", "👍", ")))"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("\x00\x01\ud800", "nothing_to_read"),
        ("а" * (LONGEST + 1), "too_long"),
        ("<p>Добрый <b>день</b></p>", "html"),
        ("QUJD" * 200, "encoded"),
    ],
)
def test_what_is_not_read_is_noted_with_a_reason(text, reason):
    assert reason in read([text]).notes[0]


def test_a_word_has_the_same_number_in_every_text():
    batch = read(["банк хороший", "плохой банк"])
    assert batch.hashes[0] == batch.hashes[3] == hash_words(["банк"])[0]
    assert len(np.unique(batch.hashes)) == 3


@given(st.lists(st.text(st.characters(exclude_categories=[])), max_size=5))
def test_any_text_gives_tokens_inside_it_in_order(texts):
    batch = read(texts)
    for number, text in enumerate(texts):
        before = 0
        for token in batch.tokens(number):
            assert before <= token.start < token.end <= len(text)
            assert token.norm
            before = token.end
        assert text.strip() or batch.notes[number] == ["empty"]


@given(st.lists(st.text(max_size=40), min_size=2, max_size=4))
def test_a_text_gives_the_same_tokens_alone_and_in_company(texts):
    together = read(texts)
    for number, text in enumerate(texts):
        assert together.tokens(number) == read([text]).tokens(0)

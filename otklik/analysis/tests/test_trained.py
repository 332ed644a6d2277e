"""The trained models answer every text, show their reasons and never fail."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otklik.analysis.engine.linear import load
from otklik.analysis.engine.trained import MODELS, models, read_trained

TONES = {"negative", "neutral", "positive", "mixed"}


def test_an_angry_text_is_negative_and_shows_why():
    text = "Ужасный банк, уже третью неделю не возвращают деньги и хамят"
    (answer,) = read_trained([text], ["банк"])
    assert answer.tone.label == "negative"
    assert answer.object_tone is not None and answer.object_tone.label == "negative"
    shown = {text[start:end].lower() for start, end in answer.evidence["tone"]}
    assert any("ужасный" in part for part in shown)


def test_praise_is_positive_in_three_languages():
    texts = [
        "Спасибо, всё отлично, очень доволен!",
        "Дуже дякую, все чудово і швидко",
        "Thank you, excellent service!",
    ]
    answers = read_trained(texts)
    assert [answer.tone.label for answer in answers] == ["positive"] * 3
    assert [answer.lang for answer in answers] == ["ru", "uk", "en"]


def test_kazakh_is_recognised_and_judged_by_its_own_model():
    good, bad = read_trained(
        ["Керемет қосымша, маған өте ұнады рахмет", "Өте жаман, істемейді, ақшамды қайтарыңдар"]
    )
    assert (good.lang, good.tone.label) == ("kk", "positive")
    assert (bad.lang, bad.tone.label) == ("kk", "negative")


def test_other_scripts_and_languages_are_other():
    texts = [
        "مرحبا كيف حالك",
        "你好，我的订单在哪里",
        "Ich habe meine Bestellung nicht bekommen und bin wütend",
    ]
    assert [answer.lang for answer in read_trained(texts)] == ["other"] * 3


def test_the_tone_towards_an_object_is_given_only_when_one_is_named():
    first, second = read_trained(["Билайн опять не работает", "Билайн опять не работает"], [None, "Билайн"])
    assert first.object_tone is None
    assert second.object_tone is not None and set(second.object_tone.p) == TONES - {"mixed"}


def test_a_text_is_read_the_same_alone_and_in_company():
    texts = ["Где мой заказ?", "Спасибо!", "", "Керемет", "😡😡😡"]
    together = read_trained(texts)
    for text, answer in zip(texts, together, strict=True):
        alone = read_trained([text])[0]
        assert (alone.tone.label, alone.lang, alone.emotions) == (
            answer.tone.label,
            answer.lang,
            answer.emotions,
        )


@pytest.mark.parametrize("text", ["", "   ", "\x00\x07", "\ud800\udfff\ud800"])
def test_an_empty_text_is_neutral_without_confidence_and_says_why(text):
    (answer,) = read_trained([text], ["банк"])
    assert answer.tone.label == "neutral"
    assert set(answer.confidence.values()) == {0.0}
    assert answer.notes


def test_a_megabyte_is_cut_and_answered():
    (answer,) = read_trained(["Верните деньги! " * 65_536])
    assert "too_long" in answer.notes
    assert answer.tone.label in TONES


@settings(max_examples=60)
@given(
    st.lists(st.text(st.characters(exclude_categories=[]), max_size=300), min_size=1, max_size=4),
    st.text(max_size=20),
)
def test_no_text_makes_it_fail(texts, name):
    for text, answer in zip(texts, read_trained(texts, [name] * len(texts)), strict=True):
        assert answer.tone.label in TONES
        assert 0.99 < sum(answer.tone.p.values()) < 1.01
        assert all(0 <= value <= 1 for value in answer.confidence.values())
        assert all(
            0 <= start < end <= len(text) for spans in answer.evidence.values() for start, end in spans
        )


def test_model_files_carry_a_card_and_fit_the_limit():
    for name, model in (("general", models().general), ("kazakh", models().kazakh)):
        assert model.card["data"], name
        assert model.card["least_texts_per_ngram"] >= 5
    assert sum(path.stat().st_size for path in MODELS.parent.rglob("*.npz")) <= 25_000_000


def test_a_file_that_is_no_model_is_refused_with_a_sentence(tmp_path):
    path = tmp_path / "general.npz"
    path.write_bytes(b"no model")
    with pytest.raises(ValueError, match="not a model file"):
        load(path)

"""Our message ids prove themselves when they come back."""

from __future__ import annotations

from otklik.kernel import ids


def test_our_message_id_is_recognised_also_in_another_case() -> None:
    made = ids.message_id("Shop.Test")
    assert ids.ours(made) == made
    assert ids.ours(made.upper()) == made


def test_a_changed_or_invented_id_is_not_ours() -> None:
    made = ids.message_id("shop.test")
    token = made.split(".")[1]
    other = ("0" if token[0] != "0" else "1") + token[1:]
    assert ids.ours(made.replace(token, other)) is None
    assert ids.ours("a@b") is None
    assert ids.ours("") is None


def test_a_russian_domain_becomes_ascii() -> None:
    assert ids.message_id("почта.рф").isascii()

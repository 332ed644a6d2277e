"""Every text of the interface has a Russian form; plural forms are complete."""

from __future__ import annotations

import pytest
from django.utils import translation
from django.utils.translation import ngettext

from scripts import translations
from scripts.base import ROOT


def test_every_text_has_russian() -> None:
    done = translations.translated("ru")
    missing = {text: places for text, places in translations.wanted().items() if text not in done}
    assert missing == {}


def test_the_parts_agree_and_compile() -> None:
    compiled = translations.compile_language(ROOT / "locale" / "ru")
    assert compiled.stat().st_size > 0


@pytest.mark.parametrize(
    ("number", "form"),
    [(1, "1 обращение"), (2, "2 обращения"), (5, "5 обращений"), (11, "11 обращений"), (21, "21 обращение")],
)
def test_russian_plurals_have_three_forms(number: int, form: str) -> None:
    with translation.override("ru"):
        text = ngettext("Done with %(count)s conversation", "Done with %(count)s conversations", number)
    assert form in text % {"count": number}

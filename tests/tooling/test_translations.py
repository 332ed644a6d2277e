"""Parts of a language become one catalogue, only when changed, and a broken part is named."""

from __future__ import annotations

import gettext
import os

import pytest

from scripts import setup, translations
from scripts.base import Trouble

HEAD = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : "
"n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);\\n"
"""
CASES = """
#, python-format
msgid "%(count)s case"
msgid_plural "%(count)s cases"
msgstr[0] "%(count)s обращение"
msgstr[1] "%(count)s обращения"
msgstr[2] "%(count)s обращений"
"""


@pytest.fixture
def language(tmp_path):
    folder = tmp_path / "locale" / "ru"
    (folder / "parts").mkdir(parents=True)
    (folder / "parts" / "cases.po").write_text(HEAD + CASES, encoding="utf-8")
    return folder


def add_part(language, name, *pairs):
    body = "".join(f'\nmsgid "{english}"\nmsgstr "{russian}"\n' for english, russian in pairs)
    path = language / "parts" / name
    path.write_text(HEAD + body, encoding="utf-8")
    return path


def read(compiled):
    with compiled.open("rb") as handle:
        return gettext.GNUTranslations(handle)


@pytest.mark.parametrize(
    ("count", "word"), [(1, "обращение"), (2, "обращения"), (5, "обращений"), (11, "обращений")]
)
def test_russian_plurals_come_out_right(language, count, word):
    catalogue = read(translations.compile_language(language))
    assert catalogue.ngettext("%(count)s case", "%(count)s cases", count) == f"%(count)s {word}"


def test_all_parts_are_in_the_one_catalogue(language):
    add_part(language, "inbox.po", ("Reply", "Ответить"))
    catalogue = read(translations.compile_language(language))
    assert catalogue.gettext("Reply") == "Ответить"
    assert catalogue.ngettext("%(count)s case", "%(count)s cases", 1) == "%(count)s обращение"


def test_two_parts_that_translate_a_text_differently_are_both_named(language):
    add_part(language, "inbox.po", ("Close", "Закрыть"))
    add_part(language, "window.po", ("Close", "Свернуть"))
    with pytest.raises(Trouble, match=r"(?s)window\.po.*inbox\.po"):
        translations.compile_language(language)


def test_only_a_changed_language_is_stale(language, tmp_path):
    assert setup.stale_catalogues(tmp_path) == [language]
    compiled = translations.compile_language(language)
    os.utime(language / "parts" / "cases.po", (1_000_000, 1_000_000))
    assert setup.stale_catalogues(tmp_path) == []
    os.utime(compiled, (999_999, 999_999))
    assert setup.stale_catalogues(tmp_path) == [language]


def test_a_translation_that_lost_its_placeholder_is_refused_with_the_line(language):
    broken = HEAD + CASES.replace('msgstr[1] "%(count)s', 'msgstr[1] "%(cuont)s')
    (language / "parts" / "cases.po").write_text(broken, encoding="utf-8")
    with pytest.raises(Trouble, match=r"cases\.po: line \d+"):
        translations.compile_language(language)
    assert not (language / "LC_MESSAGES" / "django.mo").exists()


def test_a_part_in_another_encoding_is_named(language):
    part = language / "parts" / "cases.po"
    part.write_bytes((HEAD + CASES).encode("utf-8") + "\n# привет\n".encode("cp1251"))
    with pytest.raises(Trouble, match=r"cases\.po"):
        translations.compile_language(language)

"""Catalogues are compiled with Babel, only the changed ones, and a broken one is named."""

from __future__ import annotations

import gettext
import os

import pytest

from scripts import setup, translations
from scripts.base import Trouble

CATALOGUE = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);\\n"

#, python-format
msgid "%(count)s case"
msgid_plural "%(count)s cases"
msgstr[0] "%(count)s обращение"
msgstr[1] "%(count)s обращения"
msgstr[2] "%(count)s обращений"
"""  # noqa: E501 one line in the file


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "locale" / "ru" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    path = folder / "django.po"
    path.write_text(CATALOGUE, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("count", "word"), [(1, "обращение"), (2, "обращения"), (5, "обращений"), (11, "обращений")]
)
def test_russian_plurals_come_out_right(source, count, word):
    compiled = translations.compile_catalogue(source)
    with compiled.open("rb") as handle:
        catalogue = gettext.GNUTranslations(handle)
    assert catalogue.ngettext("%(count)s case", "%(count)s cases", count) == f"%(count)s {word}"


def test_only_a_changed_catalogue_is_stale(source, tmp_path):
    assert setup.stale_catalogues(tmp_path) == [source]
    compiled = translations.compile_catalogue(source)
    os.utime(source, (1_000_000, 1_000_000))
    assert setup.stale_catalogues(tmp_path) == []
    os.utime(compiled, (999_999, 999_999))
    assert setup.stale_catalogues(tmp_path) == [source]


def test_a_translation_that_lost_its_placeholder_is_refused_with_the_line(source):
    source.write_text(CATALOGUE.replace('msgstr[1] "%(count)s', 'msgstr[1] "%(cuont)s'), encoding="utf-8")
    with pytest.raises(Trouble, match=r"django\.po: line \d+"):
        translations.compile_catalogue(source)
    assert not source.with_suffix(".mo").exists()


def test_a_catalogue_in_another_encoding_is_named(source):
    source.write_bytes(CATALOGUE.encode("utf-8") + "\n# привет\n".encode("cp1251"))
    with pytest.raises(Trouble, match=r"django\.po"):
        translations.compile_catalogue(source)

"""Digits that are no numbers, and numbers no database holds, in the addresses of pages."""

from __future__ import annotations

import pytest

from otklik.kernel.events import LARGEST, Cursor

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("odd", ["²", "१२", "9" * 40, "-1", "1e5", "\x00"])
def test_an_odd_number_opens_a_page_and_never_a_fault(alisa, client, odd):
    client.force_login(alisa)
    for path, name in (
        ("/audit/", "object"),
        ("/audit/", "person"),
        ("/audit/", "page"),
        ("/palette", "q"),
        ("/inbox/", "q"),
        ("/inbox/", "label"),
        ("/inbox/more/", "after"),
        ("/customers/", "page"),
        ("/webhooks/", "page"),
    ):
        assert client.get(path, {name: odd}).status_code == 200, (path, name)


@pytest.mark.parametrize("odd", ["²", "1.²", "x", "", "1", "1.2.3", "-1.5"])
def test_a_cursor_that_is_none_is_the_beginning(odd):
    assert Cursor.parse(odd) == Cursor()


def test_a_cursor_fits_its_column():
    assert Cursor.parse("9" * 30 + "." + "9" * 30) == Cursor(LARGEST, LARGEST)
    assert Cursor.parse("12.34") == Cursor(12, 34)

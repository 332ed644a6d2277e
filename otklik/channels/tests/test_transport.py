"""The way out over HTTP: the private network stays closed, sizes and times have an end. The far end is a real one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from otklik.channels import transport
from tests.support.website import Page, Website, website


@pytest.fixture
def site(settings: Any) -> Iterator[Website]:
    settings.TRUSTED_PRIVATE_HOSTS = ["127.0.0.1"]
    with website() as running:
        yield running


def _fails(url: str, **how: Any) -> tuple[transport.TransportError, float]:
    began = time.monotonic()
    with pytest.raises(transport.TransportError) as caught:
        transport.request("GET", url, **how)
    return caught.value, time.monotonic() - began


def test_an_answer_comes_with_its_status_headers_and_content(site: Website) -> None:
    site.pages["/a"] = Page(b"hello", status=201, headers={"X-Way": "here"})
    answer = transport.request("GET", f"{site.url}/a")
    assert (answer.status, answer.content, answer.headers["x-way"]) == (201, b"hello", "here")


@pytest.mark.parametrize("first", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_far_end_that_drips_byte_by_byte_is_left_at_the_deadline(site: Website, first: bytes) -> None:
    """In the headers and in the body; a time-out of silence never comes, because it is never silent."""
    site.pages["/slow"] = site.drip(first, every=0.02)
    error, took = _fails(f"{site.url}/slow", deadline=0.6)
    assert 0.5 < took < 2
    assert error.sent
    assert not error.permanent
    assert "0.6" in error.sentence


def test_the_deadline_covers_all_redirects_together(site: Website) -> None:
    def late(handler: Any) -> None:
        site.over.wait(0.25)
        handler.send_response(302)
        handler.send_header("location", "/again")
        handler.end_headers()

    site.pages["/again"] = late
    error, took = _fails(f"{site.url}/again", deadline=0.6, redirects=50)
    assert took < 2
    assert error.sent
    assert 2 <= site.count("/again") <= 4


def test_a_request_that_nobody_reads_ends_too(site: Website) -> None:
    """The far end takes the beginning of a large body and then nothing more."""

    def deaf(handler: Any) -> None:
        site.over.wait(5)

    site.take = deaf  # type: ignore[method-assign]  # the body must not be read
    began = time.monotonic()
    with pytest.raises(transport.TransportError):
        transport.request("POST", f"{site.url}/in", content=b"x" * 50_000_000, deadline=0.6)
    assert time.monotonic() - began < 3


def test_a_quick_far_end_is_not_touched_by_the_deadline(site: Website) -> None:
    site.pages["/large"] = Page(b"x" * 3_000_000)
    assert len(transport.request("GET", f"{site.url}/large", deadline=20).content) == 3_000_000


def test_an_answer_over_the_limit_is_not_read_to_its_end(site: Website) -> None:
    site.pages["/large"] = Page(b"x" * 300_000)
    with pytest.raises(transport.TooLarge):
        transport.request("GET", f"{site.url}/large", limit=100_000)


def test_the_private_network_is_refused_also_behind_a_redirect(site: Website, settings: Any) -> None:
    site.pages["/go"] = Page(status=302, location="http://localhost:1/secret")
    error, _ = _fails(f"{site.url}/go")
    assert isinstance(error, transport.Blocked)
    assert error.sent  # who sent us on has learned of the request
    settings.TRUSTED_PRIVATE_HOSTS = []
    error, _ = _fails(f"{site.url}/go")
    assert isinstance(error, transport.Blocked)
    assert not error.sent
    assert site.count("/go") == 1


@pytest.mark.parametrize("url", ["ftp://a.test/x", "http://[::1", "//a.test/x", "http://", "x"])
def test_what_is_no_address_of_a_page_gets_a_sentence(url: str) -> None:
    error, _ = _fails(url)
    assert error.permanent
    assert "https://" in error.sentence

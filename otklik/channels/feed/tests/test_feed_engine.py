"""Feeds as the Russian web serves them."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otklik.channels.feed import engine
from otklik.channels.feed.engine import fingerprint, parse
from otklik.web.cli import main


def rss(items: str, head: str = "", declaration: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    return (
        f'{declaration}<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Новости</title>'
        f"<link>https://n.example/</link>{head}{items}</channel></rss>"
    )


ITEM = (
    "<item><title>Банк закрыл кассы</title><link>https://n.example/1</link><guid>g1</guid>"
    "<pubDate>Sun, 22 Nov 2026 14:05:00 +0300</pubDate><description>Очереди на час</description></item>"
)
ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Лента</title>
<link href="https://a.example/"/><entry><id>tag:a,1</id><title type="html">A &amp;amp; B</title>
<link rel="self" href="/self/1"/><link rel="alternate" href="/1"/><updated>2026-11-22T11:00:00Z</updated>
<published>2026-11-21T10:00:00+03:00</published><author><name>Иван</name></author>
<summary>кратко</summary><content type="html">&lt;p&gt;Полный текст&lt;/p&gt;</content></entry></feed>"""


def codes(feed: engine.Feed) -> list[str]:
    return [problem.code for problem in feed.problems]


def test_an_rss_item_has_all_seven_fields() -> None:
    feed = parse(rss(ITEM).encode())
    assert feed.title == "Новости"
    assert [asdict(entry) for entry in feed.entries] == [
        {
            "id": "g1",
            "url": "https://n.example/1",
            "title": "Банк закрыл кассы",
            "text": "Очереди на час",
            "author": None,
            "published": "2026-11-22T14:05:00+03:00",
            "updated": None,
        },
    ]
    assert feed.problems == ()


def test_an_atom_entry_takes_the_alternate_link_and_the_richer_text() -> None:
    entry = parse(ATOM.encode(), base_url="https://a.example/feed").entries[0]
    assert asdict(entry) == {
        "id": "tag:a,1",
        "url": "https://a.example/1",
        "title": "A & B",
        "text": "Полный текст",
        "author": "Иван",
        "published": "2026-11-21T10:00:00+03:00",
        "updated": "2026-11-22T11:00:00+00:00",
    }


def test_an_atom_entry_without_published_leaves_it_null() -> None:
    text = ATOM.replace("<published>2026-11-21T10:00:00+03:00</published>", "")
    entry = parse(text.encode()).entries[0]
    assert entry.published is None
    assert entry.updated == "2026-11-22T11:00:00+00:00"


def test_rss_1_0_reads_the_dublin_core_date_and_creator() -> None:
    text = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>RDF</title></channel>
    <item rdf:about="https://r.example/1"><title>t</title><link>https://r.example/1</link>
    <dc:date>2026-11-22T14:05:00+03:00</dc:date><dc:creator>Анна</dc:creator></item></rdf:RDF>"""
    entry = parse(text.encode()).entries[0]
    assert (entry.author, entry.published) == ("Анна", "2026-11-22T14:05:00+03:00")


def test_rss_0_91_without_guid_takes_the_link_as_id() -> None:
    text = (
        '<rss version="0.91"><channel><title>x</title><item><title>t</title><link>http://a.example/1</link>'
    )
    assert parse((text + "</item></channel></rss>").encode()).entries[0].id == "http://a.example/1"


def test_an_item_without_guid_and_link_gets_a_stable_hash_as_id() -> None:
    first = parse(rss("<item><title>t</title><description>d</description></item>").encode()).entries[0]
    again = parse(rss("<item><title>t</title><description>d</description></item>").encode()).entries[0]
    assert first.id.startswith("sha256:")
    assert first.id == again.id


@pytest.mark.parametrize("encoding", ["windows-1251", "koi8-r", "utf-8", "utf-16"])
def test_a_declared_encoding_is_honoured(encoding: str) -> None:
    raw = rss(ITEM, declaration=f'<?xml version="1.0" encoding="{encoding}"?>').encode(encoding)
    feed = parse(raw)
    assert feed.entries[0].title == "Банк закрыл кассы"
    assert codes(feed) == []


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r"])
def test_an_undeclared_cyrillic_encoding_is_found_out(encoding: str) -> None:
    feed = parse(rss(ITEM, declaration='<?xml version="1.0"?>').encode(encoding))
    assert feed.entries[0].title == "Банк закрыл кассы"
    assert codes(feed) == ["wrong_encoding"]


def test_utf_8_labelled_as_cp1251_is_read_as_utf_8() -> None:
    feed = parse(rss(ITEM, declaration='<?xml version="1.0" encoding="windows-1251"?>').encode())
    assert feed.entries[0].title == "Банк закрыл кассы"
    assert codes(feed) == ["wrong_encoding"]


def test_cp1251_labelled_as_utf_8_is_read_as_cp1251() -> None:
    assert parse(rss(ITEM).encode("cp1251")).entries[0].title == "Банк закрыл кассы"


def test_the_charset_of_the_http_header_is_used() -> None:
    raw = rss(ITEM, declaration="").encode("cp1251")
    feed = parse(raw, content_type="text/xml; charset=windows-1251")
    assert feed.entries[0].title == "Банк закрыл кассы"
    assert codes(feed) == []


def test_a_bom_and_leading_blank_lines_do_not_hurt() -> None:
    assert len(parse(b"\xef\xbb\xbf\n\n" + rss(ITEM).encode()).entries) == 1


def test_leading_junk_is_left_out_and_said() -> None:
    feed = parse(b"Warning: mysql_connect() in /var/www\n" + rss(ITEM).encode())
    assert len(feed.entries) == 1
    assert codes(feed) == ["leading_junk"]


def test_a_bare_ampersand_in_text_and_link_is_read_as_itself() -> None:
    feed = parse(rss("<item><title>Q & A</title><link>https://n.example/?a=1&b=2</link></item>").encode())
    assert feed.entries[0].title == "Q & A"
    assert feed.entries[0].url == "https://n.example/?a=1&b=2"
    assert codes(feed) == ["bare_ampersand"]


def test_a_link_in_cdata_keeps_its_ampersand() -> None:
    feed = parse(
        rss("<item><title>t</title><link><![CDATA[https://n.example/?a=1&b=2]]></link></item>").encode()
    )
    assert feed.entries[0].url == "https://n.example/?a=1&b=2"


def test_html_entities_in_a_title_are_read_without_complaint() -> None:
    feed = parse(rss("<item><title>&laquo;Ромашка&raquo;&nbsp;&mdash; всё</title></item>").encode())
    assert feed.entries[0].title == "«Ромашка» — всё"
    assert codes(feed) == []


def test_a_truncated_feed_keeps_the_whole_and_the_broken_entry() -> None:
    text = rss(ITEM + "<item><guid>g2</guid><title>Второй</title><description>нача")
    feed = parse(text[: text.index("нача") + 4].encode())
    assert [entry.id for entry in feed.entries] == ["g1", "g2"]
    assert feed.entries[1].text == "нача"
    assert "truncated" in codes(feed)


def test_a_feed_cut_inside_cdata_keeps_the_text() -> None:
    text = rss("<item><guid>g2</guid><description><![CDATA[<p>начало и")
    feed = parse(text[: text.index(" и") + 2].encode())
    assert feed.entries[0].text == "начало и"


def test_content_encoded_is_taken_when_it_is_richer_than_the_summary() -> None:
    item = (
        "<item><guid>1</guid><description>кратко</description><content:encoded><![CDATA[<p>Полный</p>"
        "<script>alert(1)</script><p>текст &amp; ещё</p>]]></content:encoded></item>"
    )
    assert parse(rss(item).encode()).entries[0].text == "Полный\nтекст & ещё"


def test_the_summary_is_taken_when_it_is_richer_than_the_content() -> None:
    item = (
        "<item><guid>1</guid><description>Длинное описание события</description>"
        "<content:encoded>коротко</content:encoded></item>"
    )
    assert parse(rss(item).encode()).entries[0].text == "Длинное описание события"


def test_escaped_html_becomes_plain_text_with_lines() -> None:
    text = "&lt;b&gt;Один&lt;/b&gt;&lt;br&gt;два&amp;nbsp;три"
    item = f"<item><guid>1</guid><description>{text}</description></item>"
    assert parse(rss(item).encode()).entries[0].text == "Один\nдва три"


def test_relative_links_are_resolved_by_the_address_of_the_feed() -> None:
    text = rss("<item><title>t</title><link>news/1</link></item>").replace(
        "<link>https://n.example/</link>", ""
    )
    assert (
        parse(text.encode(), base_url="https://b.example/rss/").entries[0].url
        == "https://b.example/rss/news/1"
    )


def test_a_script_link_is_no_link() -> None:
    entry = parse(rss("<item><title>t</title><link>javascript:alert(1)</link></item>").encode()).entries[0]
    assert entry.url is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Вс, 22 ноя 2026 14:05:00 +0300", "2026-11-22T14:05:00+03:00"),
        ("22 ноября 2026, 14:05", "2026-11-22T14:05:00+03:00"),
        ("22.11.2026 14:05", "2026-11-22T14:05:00+03:00"),
        ("2026-11-22 14:05:00", "2026-11-22T14:05:00+03:00"),
        ("Sun, 22 Nov 2026 14:05:00 GMT", "2026-11-22T14:05:00+00:00"),
        ("Sun, 22 Nov 26 14:05 EST", "2026-11-22T14:05:00-05:00"),
        ("Sun Nov 22 14:05:00 2026", "2026-11-22T14:05:00+03:00"),
        ("2026-11-22", "2026-11-22T00:00:00+03:00"),
        ("1795341900", "2026-11-22T10:05:00+00:00"),
        ("на прошлой неделе", None),
        ("32 ноября 2026", None),
    ],
)
def test_dates_of_many_forms_become_rfc_3339_or_null(written: str, expected: str | None) -> None:
    item = f"<item><guid>1</guid><pubDate>{written}</pubDate></item>"
    assert parse(rss(item).encode()).entries[0].published == expected


def test_an_assumed_zone_and_an_unreadable_date_are_said() -> None:
    items = (
        "<item><guid>1</guid><pubDate>22.11.2026 14:05</pubDate></item>"
        "<item><guid>2</guid><pubDate>вчера</pubDate></item>"
    )
    feed = parse(rss(items).encode(), timezone="Asia/Omsk")
    assert feed.entries[0].published == "2026-11-22T14:05:00+06:00"
    assert codes(feed) == ["no_timezone", "bad_date"]


def test_a_duplicate_id_is_kept_once_as_the_newest() -> None:
    items = ITEM + ITEM.replace("14:05:00", "15:00:00").replace("Очереди", "Новые очереди")
    feed = parse(rss(items).encode())
    assert [entry.text for entry in feed.entries] == ["Новые очереди на час"]


def test_an_author_written_as_mail_with_a_name_is_the_name() -> None:
    item = "<item><guid>1</guid><author>a@n.example (Анна Белова)</author></item>"
    assert parse(rss(item).encode()).entries[0].author == "Анна Белова"


def test_a_web_page_instead_of_a_feed_says_where_its_feeds_are() -> None:
    page = (
        '<!DOCTYPE html><html><head><link rel="alternate" type="application/rss+xml" href="/rss.xml"></head>'
        "<body>Привет</body></html>"
    )
    feed = parse(page.encode(), base_url="https://s.example/news")
    assert feed.entries == ()
    assert codes(feed) == ["html_page"]
    assert "https://s.example/rss.xml" in feed.problems[0].ru


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"hello", "not_a_feed"),
        (b'{"a": 1}', "not_a_feed"),
        (b"\x89PNG\r\n\x1a\n", "not_a_feed"),
        (rss("").encode(), "no_entries"),
    ],
)
def test_what_is_no_feed_gets_a_sentence(raw: bytes, code: str) -> None:
    feed = parse(raw)
    assert feed.entries == ()
    assert code in codes(feed)


def test_a_billion_laughs_bomb_is_harmless_and_quick() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">{levels}]>' + rss(
        "<item><guid>1</guid><title>&l11;</title></item>", declaration=""
    )
    began = time.monotonic()
    feed = parse(bomb.encode())
    assert time.monotonic() - began < 1
    assert len(feed.entries[0].title) < 100
    assert "entities_ignored" in codes(feed)


def test_an_external_entity_is_not_read() -> None:
    text = '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + rss(
        "<item><guid>1</guid><title>&x;</title></item>", declaration=""
    )
    assert "root:" not in str(parse(text.encode()).entries)


def test_bytes_that_look_like_an_address_are_not_opened() -> None:
    assert "not_a_feed" in codes(parse(b"file:///etc/passwd"))


def test_a_feed_over_the_limit_is_refused_with_a_sentence() -> None:
    assert codes(parse(b" " * (engine.MAX_BYTES + 1))) == ["too_large"]


def test_ten_thousand_unclosed_tags_are_read_quickly() -> None:
    began = time.monotonic()
    parse(rss("<item><title>" + "<b>" * 10_000).encode())
    assert time.monotonic() - began < 5


def test_deeply_nested_html_in_an_entry_is_read_quickly() -> None:
    began = time.monotonic()
    item = f"<item><guid>1</guid><description>{'&lt;div&gt;' * 50_000}дно</description></item>"
    assert parse(rss(item).encode()).entries[0].text == "дно"
    assert time.monotonic() - began < 3


def test_a_fingerprint_changes_with_the_text_and_not_with_the_date() -> None:
    entry = parse(rss(ITEM).encode()).entries[0]
    moved = parse(rss(ITEM.replace("14:05", "14:06")).encode()).entries[0]
    edited = parse(rss(ITEM.replace("на час", "на два часа")).encode()).entries[0]
    assert fingerprint(entry) == fingerprint(moved)
    assert fingerprint(entry) != fingerprint(edited)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_answered_without_an_exception(raw: bytes) -> None:
    assert isinstance(parse(raw).entries, tuple)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80), st.integers(0, 600))
def test_any_damage_to_a_feed_is_answered_without_an_exception(noise: str, at: int) -> None:
    text = rss(ITEM)
    feed = engine._parse((text[:at] + noise + text[at:]).encode("utf-8", "replace"), "", "", "Europe/Moscow")
    json.dumps([feed.title, [asdict(entry) for entry in feed.entries]]).encode()


def test_the_command_answers_every_file_in_order(tmp_path, capfdbinary) -> None:
    good = tmp_path / "a.xml"
    good.write_text(rss(ITEM), encoding="utf-8")
    assert main(["feed", "parse", "--lang", "en", str(good), str(tmp_path / "no.xml")]) == 0
    first, second = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert list(first) == ["file", "title", "entries", "problems"]
    assert list(first["entries"][0]) == ["id", "url", "title", "text", "author", "published", "updated"]
    assert second["error"]["code"] == "no_file"


def test_the_whole_text_of_a_yandex_export_is_taken_instead_of_its_summary() -> None:
    item = (
        "<item><link>https://t.ru/1</link><title>Заголовок</title><description>Анонс</description>"
        "<yandex:full-text>Полный текст новости, целиком.</yandex:full-text></item>"
    )
    raw = f'<rss xmlns:yandex="http://news.yandex.ru" version="2.0"><channel><title>Т</title>{item}</channel></rss>'
    assert parse(raw.encode()).entries[0].text == "Полный текст новости, целиком."


@pytest.mark.parametrize(
    "raw", [bytes(range(256)) * 20, b"\x1f\x8b\x08" + bytes(range(1, 200)), b'{"items":[1&2]}']
)
def test_what_is_no_feed_gets_one_sentence_only(raw: bytes) -> None:
    assert [problem.code for problem in parse(raw).problems] == ["not_a_feed"]


def test_entities_of_its_own_are_said_once() -> None:
    doctype = '<!DOCTYPE x [<!ENTITY a "b">]>'
    item = "<item><title>1 &a;</title></item>"
    raw = f'{doctype}<rss version="2.0"><channel><title>&a;</title>{item}</channel></rss>'
    assert [problem.code for problem in parse(raw.encode()).problems] == ["entities_ignored"]
    assert {problem.code for problem in parse(raw.replace("1 &a;", "1 & &a;").encode()).problems} == {
        "entities_ignored",
        "bare_ampersand",
    }

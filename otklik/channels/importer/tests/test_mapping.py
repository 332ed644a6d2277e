"""Which column fills which field: suggestions, presets, the JSON form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otklik.channels.importer.engine.fields import FIELDS
from otklik.channels.importer.engine.mapping import Mapping, suggest
from otklik.channels.importer.engine.presets import PRESETS
from otklik.channels.importer.engine.problems import MappingError
from otklik.channels.importer.engine.rows import ImportItem, convert
from otklik.channels.importer.engine.source import SourceRow
from otklik.channels.importer.engine.table import open_table
from otklik.channels.importer.tests.test_rows import REVIEWS
from otklik.channels.importer.tests.test_tables import MOMENT, workbook


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            ["Дата", "Автор", "Текст отзыва", "Оценка", "Ссылка"],
            {
                "date": "Дата",
                "author_name": "Автор",
                "text": "Текст отзыва",
                "rating": "Оценка",
                "url": "Ссылка",
            },
        ),
        (
            ["Created at", "Subject", "Message", "E-mail", "Phone number", "Order ID"],
            {
                "date": "Created at",
                "title": "Subject",
                "text": "Message",
                "email": "E-mail",
                "phone": "Phone number",
                "order_number": "Order ID",
            },
        ),
        (
            ["ТЕКСТ ", "Номер заказа", "Город", "Телефон клиента"],
            {"text": "ТЕКСТ ", "order_number": "Номер заказа", "city": "Город", "phone": "Телефон клиента"},
        ),
    ],
)
def test_headers_in_both_languages_are_understood(headers: list[str], expected: dict[str, str]) -> None:
    assert {name: group[0] for name, group in suggest(headers, []).columns.items()} == expected


def test_columns_without_a_telling_header_are_known_by_their_content() -> None:
    rows = [
        {
            "a": f"{n}.11.2026 10:00",
            "b": f"https://o.example/{n}",
            "c": "Очень долго ждали ответа оператора",
            "d": "★★★☆☆",
            "e": f"+7 916 123-45-0{n}",
            "f": f"u{n}@example.ru",
        }
        for n in range(1, 9)
    ]
    columns = suggest(list("abcdef"), rows).columns
    assert columns == {
        "date": ("a",),
        "url": ("b",),
        "text": ("c",),
        "rating": ("d",),
        "phone": ("e",),
        "email": ("f",),
    }


def test_the_order_of_dates_and_the_scale_of_ratings_come_from_the_sample() -> None:
    rows = [
        {"Date": "1/2/2026", "Rating": "7", "Text": "x"},
        {"Date": "11/22/2026", "Rating": "9", "Text": "y"},
    ]
    mapping = suggest(["Date", "Rating", "Text"], rows)
    assert (mapping.date_order, mapping.rating_max) == ("mdy", 10)
    got = convert(SourceRow(2, rows[0]), mapping)
    assert isinstance(got, ImportItem)
    assert got.rating == 3.5
    assert got.occurred_at is not None
    assert got.occurred_at.month == 1


@pytest.mark.parametrize(
    ("headers", "kind"),
    [(["Текст", "Оценка"], "review"), (["Текст", "Диалог"], "message"), (["Текст", "Источник"], "mention")],
)
def test_the_kind_is_guessed_from_the_columns(headers: list[str], kind: str) -> None:
    assert suggest(headers, []).constants["kind"] == kind


def test_every_preset_names_only_fields_that_exist() -> None:
    for preset in PRESETS.values():
        assert set(preset.columns) | set(preset.constants) | set(preset.values) <= set(FIELDS), preset.name


BRAND_ANALYTICS = [
    "Дата",
    "id Сообщения",
    "Заголовок",
    "Текст",
    "Источник",
    "Url",
    "Тип источника",
    "Тип сообщения",
    "Автор",
    "Url автора",
    "Тип автора",
    "Место публикации",
    "Url места публикации",
    "Пол",
    "Возраст",
    "Аудитория",
    "Комментариев",
    "Цитируемость",
    "Репостов",
    "Лайков",
    "Вовлеченность",
    "Просмотров",
    "Оценка",
    "Дублей",
    "Тональность",
    "Роль объекта",
    "Агрессия",
    "Страна",
    "Регион",
    "Город",
    "Место",
    "Адрес",
    "Язык",
    "WOM",
    "Обработано",
    "доставка",
    "касса",
]


def test_an_export_of_brand_analytics_is_recognised_below_its_titles(tmp_path: Path) -> None:
    cells = {
        "Дата": MOMENT,
        "id Сообщения": 98765,
        "Текст": "Касса не работает",
        "Источник": "vk.com",
        "Url": '=HYPERLINK("https://vk.com/wall1")',
        "Тип сообщения": "Комментарий",
        "Аудитория": 1200,
        "Просмотров": 18400,
        "Тональность": "Негативная",
        "Адрес": "Тверская, 1",
        "Обработано": "Нет",
        "касса": "касса",
    }
    rows: list[list[object]] = [
        [""],
        ["", "Тема: Ромашка"],
        ["", "Период"],
        [""],
        [""],
        ["", *BRAND_ANALYTICS],
    ]
    rows += [["", *(cells.get(name, "") for name in BRAND_ANALYTICS)]]
    table = open_table(workbook(tmp_path, rows, cover=True))
    mapping = suggest(table.headers, table.sample)
    got = convert(next(table.rows()), mapping)
    assert mapping.preset == "brandanalytics"
    assert isinstance(got, ImportItem)
    assert (got.external_id, got.url, got.kind, got.tone) == (
        "98765",
        "https://vk.com/wall1",
        "comment",
        "negative",
    )
    assert (got.reach, got.followers, got.tags, got.notices) == (18400, 1200, ("касса",), ())


def test_a_youscan_mention_is_mapped_by_the_names_of_its_api(tmp_path: Path) -> None:
    path = tmp_path / "y.jsonl"
    path.write_text(
        '{"id": 5, "published": "2026-11-22T11:05:00Z", "url": "https://vk.com/1", "title": "",'
        ' "text": "кратко", "fullText": "Долго везут", "source": "vk.com", "sourceType": "social",'
        ' "author": {"name": "Анна",'
        ' "nickname": "anna", "url": "https://vk.com/anna", "subscribers": 120},'
        ' "publicationPlace": "Подслушано", "sentiment": "negative",'
        ' "language": "ru", "postType": "comment", "tags": ["доставка"]}\n',
        encoding="utf-8",
    )
    table = open_table(path)
    mapping = suggest(table.headers, table.sample)
    got = convert(next(table.rows()), mapping)
    assert mapping.preset == "youscan"
    assert isinstance(got, ImportItem)
    assert (got.text, got.author_name, got.author_id, got.followers) == ("Долго везут", "Анна", "anna", 120)
    assert (got.kind, got.outlet, got.tone, got.tags) == ("comment", "Подслушано", "negative", ("доставка",))


@pytest.mark.parametrize(("number", "direction"), [("0", "in"), ("1", "out"), ("2", "system"), ("3", "out")])
def test_chatwoot_numbers_its_directions(number: str, direction: str) -> None:
    headers = ["id", "content", "message_type", "conversation_id", "created_at", "sender_id"]
    mapping = suggest(headers, [])
    cells = ["1", "Здравствуйте", number, "77", "1795341900", "3"]
    got = convert(SourceRow(2, dict(zip(headers, cells, strict=True))), mapping)
    assert mapping.preset == "chatwoot"
    assert isinstance(got, ImportItem)
    assert (got.kind, got.direction, got.thread_id) == ("message", direction, "77")


def test_a_zendesk_ticket_keeps_its_api_address_out_of_the_url() -> None:
    record = {
        "id": "35436",
        "url": "https://x.zendesk.com/api/v2/tickets/35436.json",
        "subject": "Заказ",
        "description": "Где заказ?",
        "created_at": "2026-11-22T11:05:00Z",
        "requester_id": "20978392",
        "via.channel": "web",
        "status": "open",
        "tags": "vip, доставка",
    }
    mapping = suggest(list(record), [record])
    got = convert(SourceRow(1, record), mapping)
    assert mapping.preset == "zendesk"
    assert isinstance(got, ImportItem)
    assert (got.url, got.title, got.text, got.thread_id, got.source) == (
        "",
        "Заказ",
        "Где заказ?",
        "35436",
        "web",
    )


def test_otkliks_own_names_are_the_generic_preset() -> None:
    mapping = suggest(["text", "author_name", "date", "order_number"], [])
    assert mapping.preset == "generic"
    assert mapping.columns["order_number"] == ("order_number",)


def test_a_mapping_survives_its_json() -> None:
    mapping = replace(REVIEWS, values={"kind": {"Пост": "mention"}}, timezone="Asia/Omsk", date_order="mdy")
    assert Mapping.from_json(mapping.to_json()) == mapping


def test_a_mapping_may_name_one_header_without_a_list() -> None:
    assert Mapping.from_json('{"columns": {"text": "Текст"}}').columns == {"text": ("Текст",)}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"constants": {"kind": "letter"}}', "constants.kind"),
        ("{", "JSON"),
        ("[]", "JSON"),
        ('{"colums": {}}', "colums"),
        ('{"columns": {"txt": "a"}}', "columns.txt"),
        ('{"columns": {"text": 5}}', "columns.text"),
        ('{"timezone": "Moscow/Time"}', "timezone"),
        ('{"date_order": "ymd"}', "date_order"),
        ('{"rating_max": 7}', "rating_max"),
        ('{"rating_max": []}', "rating_max"),
        ('{"columns": []}', "columns"),
        ('{"values": {"kind": 1}}', "values.kind"),
    ],
)
def test_a_wrong_mapping_is_answered_with_the_wrong_key(text: str, named: str) -> None:
    with pytest.raises(MappingError) as caught:
        Mapping.from_json(text)
    assert named in caught.value.ru


def test_a_saved_mapping_says_which_columns_this_table_lacks() -> None:
    assert REVIEWS.missing(["Текст", "Автор", "Дата", "Оценка", "Ссылка", "Телефон", "Охват", "Тон"]) == [
        "Тип",
        "Теги",
    ]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=12), max_size=6), st.lists(st.text(max_size=12), max_size=6))
def test_any_headers_get_a_suggestion_that_survives_json(headers: list[str], cells: list[str]) -> None:
    row = dict(zip(headers, cells, strict=False))
    mapping = suggest(headers, [row])
    assert Mapping.from_json(mapping.to_json()) == mapping

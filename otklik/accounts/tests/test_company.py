"""The directory and calendars: forms, search, archive, import."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from otklik.accounts import company_import, queries, services
from otklik.accounts.models import CalendarEvent, Outlet, Product, WorkingCalendar
from otklik.accounts.services import EntryData
from otklik.audit.models import Entry
from otklik.kernel.errors import Conflict, Forbidden, Invalid


@pytest.fixture
def at_boris(client, boris):
    client.force_login(boris)
    return client


def outlet(boris, key="m1", name="Магазин на Тверской", spellings=("Тверская",)):
    return services.save_entry("outlet", EntryData(key, name, spellings, {"city": "Москва"}), by=boris)


def names(boris, query, kind="outlet"):
    return [row.name for row in queries.entries(boris.organisation_id, kind, query)]


def test_an_outlet_is_found_by_spelling_in_any_word_form_by_key_and_by_city(boris):
    outlet(boris)
    outlet(boris, "m2", "ТЦ Север", ("Северный",))
    for query in ("тверской", "тверская", "m1", "М1".replace("М", "M"), "магазины"):
        assert names(boris, query) == ["Магазин на Тверской"], query
    assert len(names(boris, "моск")) == 2


def test_two_entries_cannot_share_a_key(boris):
    outlet(boris)
    with pytest.raises(Conflict, match="m1"):
        outlet(boris, "m1", "Другой")


def test_spellings_lose_repetitions_and_the_name_itself(boris):
    row = outlet(boris, spellings=("Тверская", "тверская", " Магазин на Тверской ", ""))
    assert row.spellings == ["Тверская"]


def test_archived_entries_leave_the_list_and_come_back(boris, at_boris):
    row = outlet(boris)
    at_boris.post(f"/company/outlet/{row.pk}/archive/")
    assert names(boris, "") == []
    undo = at_boris.post(f"/company/outlet/{row.pk}/restore/", headers={"HX-Request": "true"})
    assert (undo.status_code, undo["HX-Refresh"]) == (204, "true")
    assert names(boris, "") == ["Магазин на Тверской"]


def test_an_operator_reads_the_directory_and_changes_nothing(olga, client):
    client.force_login(olga)
    assert client.get("/company/outlet/").status_code == 200
    assert client.get("/company/outlet/new/").status_code == 403
    with pytest.raises(Forbidden):
        services.save_entry("brand", EntryData("b", "Бренд"), by=olga)


CSV = "Ключ;Название;Город;Как пишут\nm1;Тверская;Москва;тверь|на тверской\nm2;«Север»;Санкт-Петербург;\n;Без ключа;;\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_csv_in_any_usual_encoding_and_delimiter_is_read(boris, encoding, delimiter):
    result = company_import.run("outlet", CSV.replace(";", delimiter).encode(encoding), by=boris)
    assert (result.rows, result.created, result.failed) == (3, 2, 1)
    assert result.errors[0][0] == 4
    assert Outlet.objects.get(key="m1").spellings == ["тверь", "на тверской"]
    assert Outlet.objects.get(key="m2").city == "Санкт-Петербург"


def test_a_second_import_updates_by_key_and_says_what_stayed(boris):
    company_import.run("outlet", CSV.encode(), by=boris)
    again = company_import.run("outlet", CSV.replace("Москва", "Тверь").encode(), by=boris)
    assert (again.created, again.updated, again.unchanged) == (0, 1, 1)
    assert Outlet.objects.count() == 2


def test_columns_that_are_missing_change_nothing(boris):
    company_import.run("outlet", CSV.encode(), by=boris)
    company_import.run("outlet", "key,name\nm1,Тверская 2\n".encode(), by=boris)
    row = Outlet.objects.get(key="m1")
    assert (row.name, row.city, row.spellings) == ("Тверская 2", "Москва", ["тверь", "на тверской"])


def test_a_check_changes_nothing_and_tells_the_same_numbers(boris):
    result = company_import.run("outlet", CSV.encode(), by=boris, dry_run=True)
    assert (result.created, result.failed) == (2, 1)
    assert not Outlet.objects.exists()
    assert not Entry.objects.filter(action="directory.imported").exists()


def test_products_take_prices_as_people_write_them_and_brands_by_name(boris):
    services.save_entry("brand", EntryData("polaris", "Polaris"), by=boris)
    table = "sku;название;бренд;цена\n1;Чайник;Polaris;1 290,50 ₽\n2;Утюг;;дорого\n3;Фен;Нет такого;10\n"
    result = company_import.run("product", table.encode(), by=boris)
    assert Product.objects.get().price == Decimal("1290.50")
    assert [line for line, _sentence in result.errors] == [3, 4]
    assert "дорого" in result.errors[0][1]
    assert "Нет такого" in result.errors[1][1]


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n\x00\x00", "просто текст".encode(), b"a;b\n1;2\n"])
def test_what_is_not_a_table_gets_a_sentence(boris, at_boris, data):
    with pytest.raises(Invalid):
        company_import.run("outlet", data, by=boris)
    page = at_boris.post("/company/outlet/import/", {"file": SimpleUploadedFile("x.csv", data or b" ")})
    assert page.status_code == 422


def test_the_page_of_an_import_shows_numbers_and_row_errors(boris, at_boris):
    page = at_boris.post(
        "/company/outlet/import/", {"file": SimpleUploadedFile("shops.csv", CSV.encode()), "check_only": "on"}
    ).content.decode()
    assert "Новых: 2" in page
    assert "Строка 4:" in page


def test_a_calendar_is_saved_from_the_form_and_bad_hours_are_named(boris, at_boris):
    good = {
        "name": "Поддержка",
        "day_0": "9:00–13:00, 14.00-18.00",
        "exceptions": "31.12.2026 09:00–15:00\n01.01.2027 закрыто",
    }
    assert at_boris.post("/company/hours/new/", good).status_code == 302
    row = WorkingCalendar.objects.get()
    assert row.is_default, "the first one is the default"
    assert row.week["0"] == [["09:00", "13:00"], ["14:00", "18:00"]]
    assert row.exceptions == {"2026-12-31": [["09:00", "15:00"]], "2027-01-01": []}
    bad = at_boris.post(f"/company/hours/{row.pk}/", {**good, "day_1": "с утра"})
    assert bad.status_code == 422
    assert "«с утра»" in bad.content.decode()
    assert at_boris.post(f"/company/hours/{row.pk}/delete/").status_code == 409


def test_a_deleted_event_comes_back_by_undo(boris, at_boris):
    outlet(boris)
    form = {
        "title": "Чёрная пятница",
        "kind": "promotion",
        "starts_at": "2026-11-27T00:00",
        "outlet_keys": ["m1"],
    }
    assert at_boris.post("/company/events/new/", form).status_code == 302
    before = CalendarEvent.objects.values(
        "kind", "title", "starts_at", "ends_at", "outlet_keys", "note"
    ).get()
    page = at_boris.post(
        f"/company/events/{CalendarEvent.objects.get().pk}/delete/", follow=True
    ).content.decode()
    undo = page.split('data-undo="/company/events/restore/?was=', 1)[1].split('"', 1)[0]
    at_boris.post(f"/company/events/restore/?was={undo}")
    assert CalendarEvent.objects.values(*before).get() == before
    assert at_boris.post("/company/events/restore/?was=forged").status_code == 404


def test_an_event_that_ends_before_it_starts_is_refused_beside_the_field(at_boris):
    form = {"title": "X", "kind": "other", "starts_at": "2026-11-27T10:00", "ends_at": "2026-11-27T09:00"}
    page = at_boris.post("/company/events/new/", form)
    assert page.status_code == 422
    assert "id_ends_at_error" in page.content.decode()


def test_the_organisation_refuses_a_zone_that_does_not_exist(alisa, client):
    client.force_login(alisa)
    form = {"name": "Север", "time_zone": "Mars/Base", "language": "ru"}
    assert client.post("/settings/", form).status_code == 422
    assert (
        client.post(
            "/settings/", {**form, "time_zone": "Asia/Omsk", "spellings": "север\nсевертех"}
        ).status_code
        == 302
    )
    alisa.organisation.refresh_from_db()
    assert (alisa.organisation.time_zone, alisa.organisation.spellings) == (
        "Asia/Omsk",
        ["север", "севертех"],
    )

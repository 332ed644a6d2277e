"""From the columns of an export, or from JSON, to order rows. Pure: problems are codes, worded elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from otklik.people.engine.values import (
    MAX_SUM,
    parse_email,
    parse_moment,
    parse_money,
    parse_phone,
    parse_yes,
)

# field → words of a column's name that mean it; the first column that fits is taken
FIELDS: dict[str, tuple[str, ...]] = {
    "number": (
        "номер заказа",
        "заказ №",
        "№ заказа",
        "№",
        "номер",
        "заказ",
        "order number",
        "order id",
        "order",
        "number",
    ),
    "ordered_at": (
        "дата заказа",
        "дата оформления",
        "оформлен",
        "создан",
        "дата",
        "ordered at",
        "order date",
        "date",
    ),
    "items": ("состав", "товары", "товар", "позиции", "items", "products"),
    "total": ("сумма", "итого", "стоимость", "всего", "total", "amount", "sum"),
    "outlet_key": ("магазин", "точка", "пункт", "outlet", "store", "shop"),
    "promised_at": ("обещан", "срок доставки", "план", "доставить до", "promised", "due"),
    "delivered_at": ("доставлен", "получен", "вручен", "выдан", "факт", "delivered", "received"),
    "paid_at": ("оплачен", "оплата", "дата оплаты", "paid", "payment"),
    "returned_at": ("возврат", "возвращ", "returned", "return"),
    "name": ("фио", "покупатель", "клиент", "имя", "customer name", "customer", "name"),
    "email": ("почта", "e-mail", "email", "эл. адрес", "mail"),
    "phone": ("телефон", "тел", "phone", "mobile"),
    "city": ("город", "city"),
    "identity": ("аккаунт", "профиль", "identity", "account"),
}
DATES = ("ordered_at", "promised_at", "delivered_at", "paid_at", "returned_at")
YES_OR_DATE = frozenset({"paid_at", "returned_at"})
CONTACTS = frozenset({"name", "email", "phone", "city", "identity"})
MAX_NUMBER, MAX_KEY, MAX_NAME, MAX_CITY = 64, 64, 200, 100
MAX_ITEMS, MAX_ITEM_NAME, MAX_QUANTITY = 200, 300, 1_000_000
_QUANTITY = re.compile(
    r"^(?P<name>.+?)\s*(?:[×xх*]\s*(?P<a>\d{1,6})|[,(]?\s*(?P<b>\d{1,6})\s*шт\.?\)?)$", re.I
)


@dataclass(frozen=True, slots=True)
class Contact:
    """Who bought. `identity`: (kind, scope, external id) or None; scope "" means any account."""

    name: str = ""
    email: str = ""
    phone: str = ""
    city: str = ""
    identity: tuple[str, str, str] | None = None

    @property
    def reachable(self) -> bool:
        return bool(self.email or self.phone or self.identity)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order; `values` holds only the fields the source has. A value None empties the field.

    paid_at and returned_at may be True: it happened, the day is unknown.
    """

    row: int
    number: str
    values: dict[str, Any]
    contact: Contact = field(default_factory=Contact)


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that was not taken: `code` is worded by people.sentences, `data` fills the sentence."""

    row: int
    code: str
    data: dict[str, str] = field(default_factory=dict)


class _Bad(Exception):
    def __init__(self, code: str, **data: str) -> None:
        super().__init__(code)
        self.code, self.data = code, data


def guess(columns: Sequence[str]) -> dict[str, int]:
    """field → index of the column; exact names win over names that only contain the word."""
    names = [re.sub(r"[\s_]+", " ", name.lower().replace("ё", "е")).strip() for name in columns]
    taken: dict[str, int] = {}
    for fits in (str.__eq__, str.startswith, str.__contains__):
        for wanted, words in FIELDS.items():
            if wanted in taken:
                continue
            at = next(
                (
                    i
                    for word in words
                    for i, name in enumerate(names)
                    if i not in taken.values() and fits(name, word)
                ),
                None,
            )
            if at is not None:
                taken[wanted] = at
    return taken


def from_cells(
    rows: Iterable[tuple[int, list[str]]], mapping: dict[str, int], zone: tzinfo
) -> Iterator[OrderRow | RowProblem]:
    """Order rows of a table; `mapping` is field → column index."""
    for number, cells in rows:
        raw = {name: cells[at] if at < len(cells) else "" for name, at in mapping.items()}
        yield _row(number, raw, zone)


def from_json(rows: Iterable[object], zone: tzinfo) -> Iterator[OrderRow | RowProblem]:
    """Order rows of the API: objects with the names of FIELDS; the first is row 1."""
    for number, raw in enumerate(rows, 1):
        yield _row(number, raw, zone) if isinstance(raw, dict) else RowProblem(number, "not_an_object")


def _row(number: int, raw: dict[str, Any], zone: tzinfo) -> OrderRow | RowProblem:
    try:
        name = _text(raw.get("number"), "number", MAX_NUMBER)
        if not name:
            raise _Bad("no_number")
        values = {
            key: _value(key, raw[key], zone)
            for key in FIELDS
            if key in raw and key not in CONTACTS | {"number"}
        }
        return OrderRow(number, name, values, _contact(raw))
    except _Bad as bad:
        return RowProblem(number, bad.code, bad.data)


def _value(key: str, value: object, zone: tzinfo) -> Any:
    if key in DATES:
        return _moment(key, value, zone)
    if key == "total":
        return _total(value)
    if key == "items":
        return _items(value)
    return _text(value, key, MAX_KEY)


def _moment(key: str, value: object, zone: tzinfo) -> datetime | bool | None:
    text = "" if value is None else str(value).strip()
    if key in YES_OR_DATE and (said := parse_yes(text)) is not None:
        return True if said else None
    if text in ("", "-", "—"):
        return None
    moment = parse_moment(text, zone)
    if moment is None:
        raise _Bad("bad_date", field=key, value=text[:50])
    return moment


def _total(value: object) -> Decimal | None:
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    amount = parse_money(text)
    if amount is None or amount > MAX_SUM:
        raise _Bad("bad_sum", value=text[:50])
    return amount


def _items(value: object) -> list[dict[str, Any]]:
    """«Холодильник; Чайник × 2» or a list of names or of {"name","quantity","price"}."""
    if isinstance(value, list):
        entries = value
    else:
        entries = [part for part in re.split(r"[;|\n]+", "" if value is None else str(value)) if part.strip()]
    items = []
    for entry in entries[:MAX_ITEMS]:
        raw = entry if isinstance(entry, dict) else _with_quantity(str(entry))
        name = _text(raw.get("name"), "items", MAX_ITEM_NAME)
        quantity = raw.get("quantity", 1)
        if not name or not isinstance(quantity, int) or not 0 < quantity <= MAX_QUANTITY:
            raise _Bad("bad_item", value=str(entry)[:50])
        price = _total(raw.get("price"))
        items.append({"name": name, "quantity": quantity, "price": None if price is None else str(price)})
    return items


def _with_quantity(text: str) -> dict[str, Any]:
    found = _QUANTITY.match(text.strip())
    if not found:
        return {"name": text.strip()}
    return {"name": found["name"].strip(), "quantity": int(found["a"] or found["b"])}


def _contact(raw: dict[str, Any]) -> Contact:
    email, phone = _text(raw.get("email"), "email", 300), _text(raw.get("phone"), "phone", 100)
    clean_email = parse_email(email) if email else ""
    clean_phone = parse_phone(phone) if phone else ""
    if clean_email is None:
        raise _Bad("bad_email", value=email[:50])
    if clean_phone is None:
        raise _Bad("bad_phone", value=phone[:50])
    return Contact(
        name=" ".join(_text(raw.get("name"), "name", MAX_NAME).split()),
        email=clean_email,
        phone=clean_phone,
        city=_text(raw.get("city"), "city", MAX_CITY),
        identity=_identity(raw.get("identity")),
    )


def _identity(value: object) -> tuple[str, str, str] | None:
    """«vk:id147», «vk:account:id147» or {"kind","scope","external_id"}."""
    if not value:
        return None
    if isinstance(value, dict):
        parts = [str(value.get(name) or "") for name in ("kind", "scope", "external_id")]
    else:
        parts = [part.strip() for part in str(value).split(":", 2)]
        parts = [parts[0], "", parts[-1]] if len(parts) == 2 else parts  # noqa: PLR2004 kind and id
    if len(parts) != 3 or not parts[0] or not parts[2]:  # noqa: PLR2004 kind, scope, id
        raise _Bad("bad_identity", value=str(value)[:50])
    return parts[0][:32], parts[1][:64], parts[2][:254]


def _text(value: object, key: str, longest: int) -> str:
    text = "" if value is None else str(value).strip()
    if len(text) > longest:
        raise _Bad("too_long", field=key, value=text[:30])
    return text

"""The target fields of an import and the headers under which exports carry them. Pure data.

Order matters twice: `FIELDS` is the order in which a person maps, and inside a field the earlier header wins.
"""

from __future__ import annotations

import re
from functools import cache

KINDS = ("message", "review", "comment", "mention")

# field: header | header | …   (a line that begins with a space goes on)
_TABLE = """
text: текст | текст сообщения | текст отзыва | текст упоминания | текст комментария | полный текст |
    отзыв | сообщение | комментарий | содержание | обращение | text | full text | fulltext | message |
    content | body | comment | review | review text | description | plain_body |
    processed_message_content | mention | snippet
pros: достоинства | плюсы | преимущества | pros | advantages
cons: недостатки | минусы | cons | disadvantages
title: заголовок | тема | тема сообщения | название | тема обращения | title | subject | headline
url: url | ссылка | адрес | ссылка на сообщение | ссылка на отзыв | url сообщения | link | permalink |
    url страницы | ссылка на публикацию | post url
author_name: автор | имя автора | имя | клиент | покупатель | фио | пользователь | имя клиента | author
    | author name | author.name | name | customer | requester | sender | sender.name | user | username |
    nickname | from
author_id: id автора | идентификатор автора | ник | никнейм | логин | id клиента | author id | author_id
    | author.nickname | handle | nick | requester_id | requester id | sender_id | contact_id | user id
author_url: url автора | ссылка на автора | профиль | профиль автора | страница автора | author url |
    author.url | profile | profile url
email: email | e-mail | почта | эл. почта | электронная почта | адрес почты | mail | requester email |
    author email | sender.email | requester.email
phone: телефон | номер телефона | тел | мобильный | phone | phone number | phone_number | mobile |
    sender.phone_number
date: дата | дата публикации | дата и время | дата отзыва | дата сообщения | опубликовано | дата
    создания | создано | date | published | published at | created | created at | created_at | timestamp
    | datetime | requested | date/time | publication date
time: время | время публикации | time
source: источник | площадка | канал | сайт | сеть | домен | source | channel | site | network | platform
    | domain | via | via.channel | inbox
outlet: место публикации | издание | сми | сообщество | группа | publication place | publicationplace |
    outlet | media | publication
kind: тип сообщения | тип поста | тип публикации | вид | kind | post type | posttype | type | mention
    type
rating: оценка | рейтинг | звезды | звёзды | балл | баллы | rating | stars | score | grade
tone: тональность | тон | окраска | sentiment | tone | tonality
reach: охват | аудитория | просмотры | просмотров | reach | audience | views | impressions | potential
    reach
followers: подписчики | подписчиков | число подписчиков | кол-во подписчиков | followers | subscribers |
    author.subscribers | author followers
external_id: id сообщения | id отзыва | номер сообщения | идентификатор | внешний id | id | external id
    | external_id | message id | message_id | review id | mention id | ticket id | seq
parent_id: id родителя | ответ на | parent id | parent_id | parentpostid | in reply to | reply to
thread_id: id обсуждения | id диалога | номер обращения | номер заявки | диалог | обращение № | тикет |
    thread id | thread_id | discussionid | conversation id | conversation_id | display_id | ticket |
    ticket_id
product: товар | продукт | название товара | модель | артикул | услуга | product | product name | item |
    sku
order_number: номер заказа | заказ | № заказа | order number | order | order id | order_number
city: город | city | населенный пункт | населённый пункт
language: язык | language | lang | locale
tags: теги | метки | тэги | рубрики | tags | labels
direction: направление | вход/исход | direction | message_type | message type | incoming/outgoing
agent: оператор | сотрудник | ответственный | исполнитель | менеджер | agent | assignee | operator |
    assigned to | assignee.name
status: статус | состояние | status | state
"""


def _read(table: str) -> dict[str, tuple[str, ...]]:
    lines = table.replace("\n    ", " ").strip().splitlines()
    pairs = (line.split(": ", 1) for line in lines)
    return {name: tuple(part.strip() for part in headers.split("|")) for name, headers in pairs}


SYNONYMS = _read(_TABLE)
FIELDS = tuple(SYNONYMS)
_WORD = re.compile(r"[\s_]+")


def normalise(header: str) -> str:
    """Headers compare without case, ё, surrounding punctuation and the difference of space and underscore."""
    text = header.strip().strip("*:").lower().replace("ё", "е").replace("\u00a0", " ")
    return _WORD.sub(" ", text).strip()


@cache
def known() -> dict[str, tuple[str, int]]:
    """Normalised header → (field, rank inside the field; 0 is the best)."""
    table: dict[str, tuple[str, int]] = {}
    for field in FIELDS:
        table[normalise(field)] = (field, -1)  # Otklik's own name for it beats every synonym
    for field, names in SYNONYMS.items():
        for rank, name in enumerate(names):
            table.setdefault(normalise(name), (field, rank))
    return table

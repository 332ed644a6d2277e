"""Merges, splits and their undo in any order, with mail and answers in between: the rows always tell the truth."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from otklik.channels.models import ChannelAccount
from otklik.inbox.models import Conversation, ConversationMerge, ConversationSplit, Message, ThreadKey
from otklik.inbox.services import grouping, reply, state, summary
from otklik.inbox.tests.support import arrive, mail
from otklik.kernel import clock
from otklik.kernel.errors import OtklikError
from otklik.kernel.models import IndexedText

pytestmark = pytest.mark.django_db
STEPS = 25


class Walk:
    """Somebody who does things without thinking; `done` names them, for the message of a failure."""

    def __init__(self, seed: int, account: ChannelAccount, by: Any) -> None:
        self.rnd, self.account, self.by = random.Random(seed), account, by
        self.names: list[str] = []
        self.done: list[str] = []

    def write(self) -> None:
        refs = (self.rnd.choice(self.names),) if self.names and self.rnd.random() < 0.7 else ()
        name = f"m{len(self.names)}@x"
        sender = self.rnd.choice(["anna@mail.test", "petr@mail.test"])
        arrive(self.account, mail(sender, f"text {name}", id=name, refs=refs))
        self.names.append(name)

    def answer(self) -> None:
        reply.reply(self._any(), reply.Answer(text="Разбираемся"), by=self.by)

    def close(self) -> None:
        state.close(self._any(), by=self.by)

    def snooze(self) -> None:
        state.snooze(self._any(), clock.after(3600), by=self.by)

    def merge(self) -> None:
        grouping.merge(self._any(), self._any(), by=self.by)

    def split(self) -> None:
        source = self._any()
        talk = list(Message.objects.filter(conversation=source).values_list("pk", flat=True))
        grouping.split(source, self.rnd.sample(talk, len(talk) // 2), by=self.by)

    def unmerge(self) -> None:
        self._undo(ConversationMerge, grouping.unmerge)

    def unsplit(self) -> None:
        self._undo(ConversationSplit, grouping.unsplit)

    def _any(self) -> int:
        return self.rnd.choice(list(Conversation.objects.filter(merged_into=None))).pk

    def _undo(self, model: Any, undo: Callable[..., Any]) -> None:
        if found := list(model.objects.filter(undone_at=None)):
            undo(self.rnd.choice(found).pk, by=self.by)

    def step(self) -> None:
        moves = (self.write, self.write, self.merge, self.split, self.unmerge, self.unsplit)
        move = self.rnd.choice([*moves, self.close, self.snooze, self.answer])
        try:
            move()
            self.done.append(move.__name__)
        except OtklikError as error:
            self.done.append(f"{move.__name__}: {error.code}")


def assert_rows_tell_the_truth(done: list[str]) -> None:
    for message in Message.objects.filter(direction__in=("in", "out")).select_related("conversation"):
        assert message.conversation.merged_into_id is None, done
        found = IndexedText.objects.get(kind="message", object_id=message.pk)
        assert found.group_id == message.conversation_id, done
        home = ThreadKey.objects.get(key=message.wire_id).conversation
        while home.merged_into is not None:
            home = home.merged_into
        assert message.direction == "out" or home.pk == message.conversation_id, done
    for row in Conversation.objects.filter(merged_into=None):
        said = {name: getattr(row, name) for name in summary.CONTENT}
        waits = row.waiting_since is not None
        summary.recount(row)
        if row.message_count:
            assert {name: getattr(row, name) for name in summary.CONTENT} == said, done
            assert waits == (row.waiting_since is not None), done


@pytest.mark.parametrize("seed", [3, 34, 71, 90])
def test_whatever_the_order_every_message_is_in_one_place_and_every_row_is_right(seed, demo_channel, olga):
    walk = Walk(seed, demo_channel, olga)
    walk.write()
    for _number in range(STEPS):
        walk.step()
        assert_rows_tell_the_truth(walk.done)

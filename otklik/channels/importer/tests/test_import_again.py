"""The same file again: nothing changes, also where the file corrects itself; a killed call answers for all of it."""

from __future__ import annotations

import json

from otklik.channels import intake
from otklik.channels.importer import runner, service
from otklik.channels.importer.engine.mapping import suggest
from otklik.channels.importer.tests.test_import_jobs import begin, counts, imported
from otklik.channels.models import RawEvent
from otklik.inbox.models import Message, Revision
from otklik.web.cli import main

FILE = "id;text\n1;Не привезли заказ\n2;Спасибо\n1;Не привезли заказ. Дополнение\n"


def test_a_file_that_corrects_itself_changes_nothing_the_second_time(company) -> None:
    first = imported(FILE, company)
    assert counts(first) == (3, 2, 1, 0, 0)
    stored = RawEvent.objects.count()
    assert first.account is not None
    table = service.open_job(first)
    mapping = suggest(table.headers, table.sample)
    dry = runner.dry_run(table, mapping, first.account, digest=first.digest)
    assert (dry["created"], dry["updated"], dry["unchanged"]) == (0, 0, 3)
    assert counts(imported(FILE, company)) == (3, 0, 0, 3, 0)
    assert RawEvent.objects.count() == stored
    assert Revision.objects.count() == 1


def test_after_another_file_the_first_one_counts_again(company) -> None:
    imported(FILE, company)
    imported("id;text\n2;Передумал\n", company)
    assert counts(imported(FILE, company))[2] >= 1
    assert Message.objects.get(text__startswith="Спасибо")


def test_a_call_killed_behind_the_last_row_answers_for_the_whole_file(
    company, tmp_path, capsys, settings
) -> None:
    settings.VAR_DIR = tmp_path
    job = runner.run_here(begin(FILE, company))
    assert job.account is not None
    assert intake.waits(job.account), "killed before anything was understood"
    path = tmp_path / "reviews.csv"
    path.write_text(FILE)
    assert main(["import", str(path), "--channel", job.account.name]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["rows"], answer["created"], answer["updated"]) == (3, 2, 1)
    assert Message.objects.count() == 2
    assert not intake.waits(job.account)

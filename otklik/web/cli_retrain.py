"""`otklik analysis retrain`: from a file of labels, or from what the people of an organisation said."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from otklik.analysis import cli_retrain as from_file
from otklik.kernel.stream import WrongCall, write_line
from otklik.web.start import require_database, start_django


def configure(parser: argparse.ArgumentParser) -> None:
    from_file.configure(parser)
    parser.add_argument(
        "--organisation", metavar="NAME", help="whose corrections are learnt from, when there are several"
    )


def run(args: argparse.Namespace) -> int:
    """With --labels a file is learnt from, without a database; otherwise the corrections, and a version is stored."""
    from_file.check_field(args.field)
    if args.labels is not None:
        if args.organisation is not None:
            raise WrongCall(
                "Что-то одно: --labels или --organisation.", "Give --labels or --organisation, not both."
            )
        return from_file.run(args)
    if args.out is not None:
        raise WrongCall(
            "Выученное на исправлениях хранится в базе: --out нужен только с --labels.",
            "What corrections teach is kept in the database: --out goes with --labels only.",
        )
    start_django()
    require_database()
    write_line(_record(args.field, _organisation(args.organisation)))
    sys.stdout.buffer.flush()
    return 0


def _organisation(name: str | None) -> int:
    from otklik.accounts.models import Organisation  # noqa: PLC0415 needs Django to be ready

    rows = Organisation.objects.order_by("name")
    found = list((rows.filter(name=name) if name else rows).values_list("pk", "name")[:20])
    if len(found) == 1:
        return int(found[0][0])
    names = ", ".join(f"«{one}»" for _, one in (found or rows.values_list("pk", "name")[:20]))
    raise WrongCall(
        f"Чьи исправления? Добавьте --organisation с одним из имён: {names}.",
        f"Whose corrections? Add --organisation with one of the names: {names}.",
    )


def _record(field: str, organisation_id: int) -> dict[str, Any]:
    from otklik.analysis.engine.own import FIELDS  # noqa: PLC0415 loads the engine
    from otklik.analysis.services import learning, lessons  # noqa: PLC0415 needs Django to be ready
    from otklik.kernel.errors import Conflict  # noqa: PLC0415 needs Django to be ready

    if field not in FIELDS:
        raise WrongCall(
            f"Поле «{field}» не исправляют, учить нечему. Есть: {', '.join(FIELDS)}.",
            f'Nobody corrects the field "{field}". There are: {", ".join(FIELDS)}.',
        )
    try:
        outcome, used = learning.now(organisation_id, field)
    except Conflict as error:
        raise WrongCall(
            "Обучение уже идёт: дождитесь его конца.", "A retraining is running: wait until it has ended."
        ) from error
    found = outcome.adapted
    if found is None:
        raise WrongCall(
            f"Слишком мало исправлений: нужно {lessons.FEWEST} текстов, часть из них для проверки.",
            f"Too few corrections: {lessons.FEWEST} texts are needed, some of them held for judging.",
        )
    return {
        "field": field,
        "texts": found.learnt + found.held,
        "labels": len(found.model.heads[field].labels),
        "held": found.held,
        "old": _scores(found.old),
        "new": _scores(found.new),
        "ece": None,
        "seconds": outcome.seconds,
        "replaced": used,
        "file": None,
    }


def _scores(judged: dict[str, float]) -> dict[str, float]:
    return {"macro_f1": judged["macro_f1"], "accuracy": judged["agreement"]}

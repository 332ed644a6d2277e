"""What an organisation's labels taught and is in use: one version a field, known to every process at once."""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict

from otklik.analysis.engine.linear import Model, loads
from otklik.analysis.models import ModelVersion

log = logging.getLogger(__name__)

MOST = 256  # models kept in memory, about 50 kB each
_models: OrderedDict[int, Model] = OrderedDict()


def in_use(organisation_id: int, base: str) -> dict[str, int]:
    """The active version of every field, by field. One query of a small index; asked once a batch.

    `base`: version of the shipped models; what was learnt upon others waits until it is learnt anew.
    """
    rows = ModelVersion.objects.filter(
        organisation_id=organisation_id, state=ModelVersion.State.ACTIVE, base=base
    )
    return dict(rows.order_by("field").values_list("field", "pk"))


def models(versions: dict[str, int]) -> dict[str, Model]:
    """The models of these versions; one that cannot be read is left out, so that texts are read without it."""
    found = {}
    for field, pk in versions.items():
        try:
            found[field] = model(pk)
        except (ValueError, ModelVersion.DoesNotExist):
            log.exception("version %s of %s cannot be read", pk, field)
    return found


def model(pk: int) -> Model:
    """The model of a version, kept in memory: a version never changes. Raises ValueError, DoesNotExist."""
    if pk not in _models:
        _models[pk] = loads(bytes(ModelVersion.objects.values_list("blob", flat=True).get(pk=pk)))
        while len(_models) > MOST:
            _models.popitem(last=False)
    _models.move_to_end(pk)
    return _models[pk]


def signed(base: str, versions: dict[str, int]) -> str:
    """A version that names the shipped models and what was learnt upon them."""
    if not versions:
        return base
    names = ",".join(f"{field}:{pk}" for field, pk in sorted(versions.items()))
    return f"{base}.{hashlib.sha256(names.encode()).hexdigest()[:12]}"

"""Kinds of channels and their adapters: one line a kind, filled by `web/wiring.py`."""

from __future__ import annotations

from otklik.channels.protocol import Adapter
from otklik.kernel.errors import NotFound

_adapters: dict[str, Adapter] = {}


def register(adapter: Adapter) -> None:
    _adapters[adapter.kind] = adapter


def adapter(kind: str) -> Adapter:
    """Raises NotFound for an unknown kind."""
    if kind not in _adapters:
        raise NotFound
    return _adapters[kind]


def has(kind: str) -> bool:
    return kind in _adapters


def kinds() -> list[str]:
    return sorted(_adapters)

"""Writes of customers, one module a subject; what other domains call stands here."""

from otklik.people.services.resolving import GLOBAL_KINDS, Person, index, resolve

__all__ = ["GLOBAL_KINDS", "Person", "index", "resolve"]

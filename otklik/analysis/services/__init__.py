"""Writes of analysis: following what arrives, reading history again, a person's word."""

from otklik.analysis.services.corrections import correct, labels_of
from otklik.analysis.services.following import follow
from otklik.analysis.services.history import again, run

__all__ = ["again", "correct", "follow", "labels_of", "run"]

"""Otklik: self-hosted customer care in public."""

__version__ = "0.1.0"

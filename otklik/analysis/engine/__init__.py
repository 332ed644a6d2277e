"""What a text says: pure functions on batches of texts; no Django, no settings, no network."""

from otklik.analysis.engine.trained import Answer, Trained, models, read_trained

__all__ = ["Answer", "Trained", "models", "read_trained"]

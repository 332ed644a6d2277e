"""Pages of channels and imports, and the door of webhooks."""

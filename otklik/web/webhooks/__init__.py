"""Outgoing webhooks: other systems are told what happens here (docs/webhooks.md)."""

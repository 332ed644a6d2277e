"""Writes of the inbox, by subject: receive, reply, state, notes, grouping, drafts, presence, delivery_news."""

"""Rules by readings: what may be asked, what a rule says, whether a message meets it, in memory and as SQL."""

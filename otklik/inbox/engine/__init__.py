"""Pure parts of the inbox: no Django."""

"""Pages and fragments of the inbox: a view parses, authorises, calls and renders."""

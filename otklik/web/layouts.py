"""The wrong keyboard layout: what somebody meant when they typed "kfgntdf"."""

from __future__ import annotations

LATIN = "`qwertyuiop[]asdfghjkl;'zxcvbnm,."
CYRILLIC = "ёйцукенгшщзхъфывапролджэячсмитьбю"
_TO_CYRILLIC = str.maketrans(LATIN, CYRILLIC)
_TO_LATIN = str.maketrans(CYRILLIC, LATIN)


def variants(text: str) -> tuple[str, ...]:
    """The text as typed and, where they differ, as the same keys give it in the other layout."""
    lower = text.lower()
    others = (lower.translate(_TO_CYRILLIC), lower.translate(_TO_LATIN))
    return tuple(dict.fromkeys((text, *(each for each in others if each != lower))))

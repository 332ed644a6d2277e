"""Control digits of numbers that people write: what proves that a number is what it looks like.

All take digits only; a number of the wrong length is never right.
"""

from __future__ import annotations

import re

_S10 = (8, 6, 4, 2, 3, 5, 9, 7)


def is_card(digits: str) -> bool:
    """The Luhn sum of ISO/IEC 7812-1 holds, and the number begins as payment cards do."""
    return digits[0] in "23456" and is_luhn(digits)


def is_luhn(digits: str) -> bool:
    """The sum of cards, of IMEI (3GPP TS 23.003) and of the policy number of medical insurance (HL7 mod 10)."""
    if len(set(digits)) == 1:
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004
    return total % 10 == 0


def is_inn(digits: str) -> bool:
    """Control digits of a Russian taxpayer's number: one of ten digits, two of twelve."""
    if len(set(digits)) == 1:
        return False
    if len(digits) == 10:  # noqa: PLR2004 a company
        return _weighed(digits, (2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10 == int(digits[9])
    if len(digits) == 12:  # noqa: PLR2004 a person
        first, second = (7, 2, 4, 10, 3, 5, 9, 4, 6, 8), (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
        return _weighed(digits, first) % 11 % 10 == int(digits[10]) and _weighed(
            digits, second
        ) % 11 % 10 == int(digits[11])
    return False


def is_rnokpp(digits: str) -> bool:
    """The Ukrainian taxpayer's number of ten digits."""
    weights = (-1, 5, 7, 9, 4, 6, 10, 5, 7)
    return len(digits) == 10 and _weighed(digits, weights) % 11 % 10 == int(digits[9])  # noqa: PLR2004


def is_iin(digits: str) -> bool:
    """The Kazakh personal number: six digits of the birthday, twelve in all, one control digit of two rounds."""
    if len(digits) != 12 or not ("01" <= digits[2:4] <= "12" and "01" <= digits[4:6] <= "31"):  # noqa: PLR2004
        return False
    control = _weighed(digits, tuple(range(1, 12))) % 11
    if control == 10:  # noqa: PLR2004
        control = _weighed(digits, (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)) % 11
    return control == int(digits[11])


def is_snils(digits: str) -> bool:
    """Control number of a Russian insurance account: the last two of eleven digits."""
    if len(digits) != 11 or len(set(digits)) == 1:  # noqa: PLR2004
        return False
    return _weighed(digits, (9, 8, 7, 6, 5, 4, 3, 2, 1)) % 101 % 100 == int(digits[9:])


def is_iban(text: str) -> bool:
    """ISO 13616: the rearranged number leaves 1 when divided by 97."""
    plain = re.sub(r"\s", "", text)
    moved = plain[4:] + plain[:4]
    return int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1


def is_s10(digits: str) -> bool:
    """The nine digits of a postal tracking number (UPU S10)."""
    control = 11 - _weighed(digits, _S10) % 11
    return {10: 0, 11: 5}.get(control, control) == int(digits[8])


def _weighed(digits: str, weights: tuple[int, ...]) -> int:
    return sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=False))

"""How sure a share is that was counted on few."""

from __future__ import annotations

import math

Z95 = 1.959964  # of the normal distribution, two sides


def wilson(right: int, of: int, z: float = Z95) -> tuple[float, float]:
    """The interval of a share by the score method (Wilson 1927), 0 to 1; the whole of it for nothing counted.

    Unlike the textbook's it is right near 0 and 1 and for small counts.
    """
    if of <= 0:
        return 0.0, 1.0
    share, weight = right / of, z * z / of
    middle = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt(share * (1 - share) / of + weight / (4 * of)) / (1 + weight)
    return max(0.0, middle - half), min(1.0, middle + half)

"""Frame rates as fractions."""

from __future__ import annotations

import math
from fractions import Fraction

from jumpscore.errors import UsageError

NTSC = Fraction(1000, 1001)
COMMON_RATES = (
    *(Fraction(24) * NTSC, Fraction(24), Fraction(25), Fraction(30) * NTSC, Fraction(30)),
    *(Fraction(50), Fraction(60) * NTSC, Fraction(60), Fraction(120), Fraction(240)),
)
"""Frames per second of cameras, 23.976 and 29.97 included."""
HIGHEST_RATE = 1000


def parse_rate(text: str) -> Fraction:
    """Return a frame rate; 29.97 and the like become the fraction that they stand for.

    >>> parse_rate("29.97"), parse_rate("30000/1001"), parse_rate("25")
    (Fraction(30000, 1001), Fraction(30000, 1001), Fraction(25, 1))

    Raises:
        UsageError: The text is not a rate above 0 and at most 1000.
    """
    try:
        rate = Fraction(text) if len(text) <= 24 and "e" not in text.lower() else Fraction(0)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= HIGHEST_RATE:
        raise UsageError(
            f"--fps is {text!r:.40}, which is not a frame rate above 0 and at most {HIGHEST_RATE}; "
            "write 25, 29.97 or 30000/1001"
        )
    if "/" in text:
        return rate
    return next((common for common in COMMON_RATES if abs(common - rate) < 0.0011), rate)


def counted_rate(frames: float, duration: float) -> Fraction | None:
    """Return the only common rate at which a duration in seconds has a number of frames.

    Tools round ``duration * rate`` up, down or to the nearest. ``None`` if several rates fit, as in
    short videos, or none does.

    >>> counted_rate(1800, 60.05), counted_rate(300, 10.0)
    (Fraction(30000, 1001), None)
    """
    fits = [
        rate
        for rate in COMMON_RATES
        if math.floor(duration * rate) <= frames <= math.ceil(duration * rate)
    ]
    return fits[0] if len(fits) == 1 else None


def rate_text(rate: Fraction | float) -> str:
    """Return a rate as people write it, with its fraction if it has one.

    >>> rate_text(Fraction(30000, 1001)), rate_text(25.0)
    ('29.97 (30000/1001)', '25')
    """
    if isinstance(rate, Fraction) and rate.denominator > 1:
        return f"{float(rate):.5g} ({rate})"
    return f"{float(rate):.5g}"

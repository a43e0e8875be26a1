"""Flushing: a rate that float32 holds only as a subnormal number is 0, as in compiled code."""

from __future__ import annotations

import math

# What float32 rounds to its smallest normal number.
SMALLEST = 2.0**-126 - 2.0**-151


def flushed(rate: float) -> float:
    """The rate, or 0 with its sign."""
    return rate if abs(rate) >= SMALLEST or rate != rate else math.copysign(0.0, rate)

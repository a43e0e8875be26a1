"""How much of a compiled program computes."""

from __future__ import annotations

import re

# What computes nothing, and what contains the instructions that are counted.
FREE = {
    "parameter", "constant", "tuple", "get-tuple-element", "fusion", "call", "bitcast", "copy",
}  # fmt: skip


def instructions(text: str) -> int:
    """The computing instructions of an HLO text, those inside fusions included."""
    found = re.findall(r"^\s+(?:ROOT )?\S+ = .*?\s([a-z][\w-]*)\(", text, re.MULTILINE)
    return sum(each not in FREE for each in found)

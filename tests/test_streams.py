"""Golden streams: the float32 rates of released definitions, to the bit."""

from __future__ import annotations

import pytest
import yaml
from streams import FILE, LONG, stream, wanted

PINNED: dict[str, str] = yaml.safe_load(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("expr", wanted())
def test_a_released_definition_never_changes(expr: str) -> None:
    assert expr in PINNED, "it is new: python tools/regenerate.py"
    got = stream(expr, wanted()[expr])
    assert PINNED[expr] == got, "a definition that was released gives other rates"


def test_every_pinned_stream_is_still_checked() -> None:
    assert set(PINNED) <= set(wanted())


def test_one_bit_makes_another_stream() -> None:
    assert stream("0.1", LONG) != stream("0.10000001", LONG)

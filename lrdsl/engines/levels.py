"""What stands still but for some changes, and what repeats: filled, not computed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lrdsl.core import Op
from lrdsl.engines.numpy import Array, compile_numpy
from lrdsl.stretches import Stretch

# A level is filled by itself from here on; shorter ones are repeated, so many steps at a time.
_LONG = 512
_GROUP = 16_384

# Writes the values of the steps from the first to before the second.
Fill = Callable[[int, int, Array], None]


def levels(core: Op, stretch: Stretch) -> Fill:
    """Each level by itself; all at once where they have one length; short ones in groups."""
    assert stretch.starts is not None
    values = compile_numpy(core)(stretch.starts)
    bits = values.view(np.int64)
    changes = np.append(True, bits[1:] != bits[:-1])
    values, edges = values[changes], np.append(stretch.starts[changes], stretch.high + 1)
    length = _common_length(edges[1:-1])  # the first and the last level may be shorter

    def fill(low: int, high: int, out: Array) -> None:
        first, last = (np.searchsorted(edges, [low, high - 1], side="right") - 1).tolist()
        rates = values[first : last + 1].astype(out.dtype, copy=False)
        if length and last > first:
            begin, end = edges[first + 1] - low, edges[last] - low
            out[:begin], out[end:] = rates[0], rates[-1]
            out[begin:end].reshape(-1, length)[:] = rates[1:-1, None]
            return
        cuts = np.clip(edges[first : last + 2], low, high) - low
        if out.size < _LONG * (last - first):
            _repeat(rates, cuts, out)
            return
        ends = cuts.tolist()
        for rate, a, b in zip(rates.tolist(), ends, ends[1:], strict=False):
            out[a:b] = rate

    return fill


def _common_length(edges: Array) -> int:
    """The steps from each edge to the next, if they are the same number; else 0."""
    lengths = np.diff(edges)
    return int(lengths[0]) if lengths.size and (lengths == lengths[0]).all() else 0


def _repeat(values: Array, cuts: Array, out: Array) -> None:
    group = max(1, _GROUP * values.size // out.size)
    for first in range(0, values.size, group):
        last = min(first + group, values.size)
        repeated = np.repeat(values[first:last], np.diff(cuts[first : last + 1]))
        out[cuts[first] : cuts[last]] = repeated


def repeating(pattern: Array, begin: int) -> Fill:
    """The values of a period that starts at step `begin`, again and again."""

    def fill(low: int, high: int, out: Array) -> None:
        at = low
        while at < high:
            phase = (at - begin) % pattern.size
            size = min(pattern.size - phase, high - at)
            out[at - low : at - low + size] = pattern[phase : phase + size]
            at += size

    return fill

"""The array of a run: the float32 rate of each of its steps, computed once by NumPy.

Every engine reads it, and so does what is said of a run, so that all have the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lrdsl.engines.numpy import compile_numpy
from lrdsl.ir.ops import Op

# The longest array that is kept: 4 MB. The first call of a training step with one of this length
# takes a tenth longer than with a constant.
LIMIT = 2**20
_BLOCK = 2**18


@lru_cache(maxsize=8)
def run_array(ir: Op, length: int) -> NDArray[np.float32]:
    """The rates of the steps from 0 on, read-only, in float32 of shape (length,)."""
    rates = np.empty(length, np.float32)
    compile_numpy(ir).fill(0, rates)
    rates.flags.writeable = False
    return rates


def covered(length: int) -> int:
    """How many steps the array of a run of `length` has: twice the run where that fits."""
    return max(length, min(2 * length, LIMIT))


def blocks(ir: Op, length: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """The rates of a run of any length: the first step of each block, and its rates."""
    if length <= LIMIT:
        yield 0, run_array(ir, covered(length))[:length]
        return
    rates = compile_numpy(ir)
    for start in range(0, length, _BLOCK):
        out = np.empty(min(_BLOCK, length - start), np.float32)
        rates.fill(start, out)
        yield start, out

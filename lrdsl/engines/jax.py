"""The XLA engine: the IR as JAX ops, for a step that is traced or not, in any jit."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp

from lrdsl.engines.flush import SMALLEST
from lrdsl.engines.numpy import loaded
from lrdsl.engines.walk import walk
from lrdsl.ir.ops import Op

Array = Any


def _searchsorted(a: Array, boundaries: Any) -> Array:
    # compared all at once, as XLA has no loop for free
    table = jnp.asarray(boundaries, a.dtype)
    return jnp.searchsorted(table, a, side="right", method="compare_all").astype(a.dtype)


def _flushed(a: Array) -> Array:
    """Rates below float32 are 0, whatever the processor does with them."""
    return jnp.where(jnp.abs(a) < SMALLEST, jnp.copysign(jnp.zeros_like(a), a), a)


# Operation to function of its operands, and of its data.
FUNCTIONS: dict[str, Callable[..., Array]] = {
    "integer": lambda data: jnp.asarray(data, jnp.int64),
    "number": lambda data: jnp.asarray(data, jnp.float64),
    "add": jnp.add,
    "sub": jnp.subtract,
    "mul": jnp.multiply,
    "min": jnp.minimum,
    "max": jnp.maximum,
    "abs": jnp.abs,
    "floordiv": jnp.floor_divide,
    "mod": jnp.mod,
    "searchsorted": _searchsorted,
    "take": lambda index, table: jnp.take(jnp.asarray(table), index, mode="clip"),
    "to_float": lambda a: a.astype(jnp.float64),
    "to_int": lambda a: jnp.where(jnp.isnan(a), 0.0, a).astype(jnp.int64),
    "div": jnp.divide,
    "pow": jnp.power,
    "exp": jnp.exp,
    "log": jnp.log,
    "sin": jnp.sin,
    "cos": jnp.cos,
    "tanh": jnp.tanh,
    "sqrt": jnp.sqrt,
    "floor": jnp.floor,
    "rint": jnp.rint,
    "lt": jnp.less,
    "le": jnp.less_equal,
    "eq": jnp.equal,
    "and": jnp.logical_and,
    "or": jnp.logical_or,
    "not": jnp.logical_not,
    "where": jnp.where,
}


@lru_cache(maxsize=64)
def compile_jax(root: Op, accumulate: int = 1) -> Callable[[Array], Array]:
    """A function from integer steps (any shape and width) to a float32 array of that shape.

    It computes in 64 bits also where `jax_enable_x64` is off, as it is by default, and under
    jit, vmap and scan. A count of `accumulate` micro-batches is one step.
    """
    made = walk(root, FUNCTIONS, loaded)

    @jax.jit  # type: ignore[untyped-decorator]
    def compute(step: Array) -> Array:
        rate = made.run(step // accumulate)
        rate = rate if rate.dtype == jnp.float32 else _flushed(rate).astype(jnp.float32)
        return jnp.broadcast_to(rate, step.shape)

    def evaluate(step: Array) -> Array:
        with jax.enable_x64(True):
            return compute(jnp.asarray(step).astype(jnp.int64))

    return evaluate

"""The XLA engine: core operations as JAX ops, for a step that is traced or not, in any jit."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp

from lrdsl.constants import SMALLEST
from lrdsl.core import WITH_DATA, Op, in_order

Array = Any


def _integer(data: int) -> Array:
    return jnp.asarray(data, jnp.int64)


def _number(data: float) -> Array:
    return jnp.asarray(data, jnp.float64)


def _cast(a: Array) -> Array:
    return a.astype(jnp.float64)


def _count(a: Array, boundaries: tuple[int, ...]) -> Array:
    """How many boundaries are <= a; compared all at once, as XLA has no loop for free."""
    table = jnp.asarray(boundaries, jnp.int64)
    found = jnp.searchsorted(table, a, side="right", method="compare_all")
    return found.astype(jnp.int64)


def _take(index: Array, values: tuple[Any, ...]) -> Array:
    table = jnp.asarray(values, jnp.float64 if isinstance(values[0], float) else jnp.int64)
    return jnp.take(table, index, mode="clip")


def _quotient(a: Array, denominator: int, step: Array) -> Array:
    """A division that XLA cannot turn into a product: its divisor depends on the step."""
    divisor = jnp.minimum(step, _integer(0)) + _integer(denominator)
    return jnp.divide(_cast(a), _cast(divisor))


def _power(a: Array, b: Array, step: Array) -> Array:
    """A power whose base depends on the step: of a constant 2 LLVM makes exp2, a bit off."""
    return jnp.power(jnp.where(step < 0, _number(1.0), a), b)


def _whole(a: Array) -> Array:
    return jnp.where(jnp.isfinite(a), a, _number(0.0)).astype(jnp.int64)


def _guard(a: Array) -> Array:
    """The same value, but no longer a product that XLA fuses into a sum (fma), or rescales.

    On both sides: the compiler knows that what is never positive is below the largest number.
    """
    return jnp.clip(a, _number(-sys.float_info.max), _number(sys.float_info.max))


def _flushed(a: Array) -> Array:
    """Rates below float32 are 0, whatever the processor does with them."""
    return jnp.where(jnp.abs(a) < SMALLEST, jnp.copysign(_number(0.0), a), a)


# Operation to function of its operands; those in `WITH_DATA` get the operation's data last.
OPS: dict[str, Callable[..., Array]] = {
    "step": lambda step: step,
    "prev": lambda step: _number(float("nan")),
    "integer": _integer,
    "number": _number,
    "add": jnp.add,
    "sub": jnp.subtract,
    "mul": jnp.multiply,
    "neg": jnp.negative,
    "abs": jnp.abs,
    "min": jnp.minimum,
    "max": jnp.maximum,
    "floordiv": jnp.floor_divide,
    "mod": jnp.mod,
    "count": _count,
    "take": _take,
    "cast": _cast,
    "ratio": _quotient,
    "quotient": _quotient,
    "guard": _guard,
    "div": jnp.divide,
    "pow": _power,
    "log": jnp.log,
    "sin": jnp.sin,
    "cos": jnp.cos,
    "sqrt": jnp.sqrt,
    "floor": jnp.floor,
    "round": jnp.rint,
    "whole": _whole,
    "lt": jnp.less,
    "le": jnp.less_equal,
    "eq": jnp.equal,
    "and": jnp.logical_and,
    "or": jnp.logical_or,
    "not": jnp.logical_not,
    "select": jnp.where,
}
# These get the step, to hide a constant from compilers.
OPAQUE = frozenset({"ratio", "quotient", "pow"})


@lru_cache(maxsize=64)
def compile_jax(root: Op) -> Callable[[Array], Array]:
    """A function from integer steps (any shape and width) to a float32 array of that shape.

    It computes in 64 bits also where `jax_enable_x64` is off, as it is by default, and under
    jit, vmap and scan.
    """
    order = in_order(root)

    @jax.jit  # type: ignore[untyped-decorator]
    def compute(step: Array) -> Array:
        values: dict[int, Array] = {}
        for op in order:
            operands = [values[id(arg)] for arg in op.args]
            if op.name in ("step", "prev"):
                operands = [step]
            elif op.name in WITH_DATA:
                operands.append(op.data)
            if op.name in OPAQUE:
                operands.append(step)
            values[id(op)] = OPS[op.name](*operands)
        rate = _flushed(values[id(root)]).astype(jnp.float32)
        return jnp.broadcast_to(rate, step.shape)

    def evaluate(step: Array) -> Array:
        with jax.enable_x64(True):
            return compute(jnp.asarray(step).astype(jnp.int64))

    return evaluate

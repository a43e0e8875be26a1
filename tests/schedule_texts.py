"""A hypothesis strategy: texts of the schedule language, as its grammar nests them.

One drawn string of bytes makes all choices, which is quick, and shrinks to simple texts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import strategies as st

_NUMBERS = ("0.1", "0", "1", "2", "10", ".5", "5.", "1e-3", "1_000", "0.060", "2E5")
_UNITS = ("ep", " epochs", "epoch", "st", " steps", "%", "tok", "sa", " samples")
_NAMES = ("step", "epoch", "t", "span", "peak", "x1", "_y", "iffy", "thenceforth")
_CALLS = ("f", "cosine", "min", "floor", "cycle")


class _Choices:
    def __init__(self, data: bytes) -> None:
        self.data = iter(data)

    def of(self, options: Sequence[str]) -> str:
        return options[self.below(len(options))]

    def below(self, limit: int) -> int:
        return next(self.data, 0) % limit


def schedule_texts() -> st.SearchStrategy[str]:
    """Whole texts; names and types make no sense, the syntax does."""
    return st.binary(min_size=1, max_size=400).map(lambda data: _text(_Choices(data)))


def _text(pick: _Choices) -> str:
    text = _body(pick, pick.below(5))
    if pick.below(4) == 3:
        names = [pick.of(_NAMES) for _ in range(1 + pick.below(3))]
        text += " where " + ", ".join(f"{name} = {_body(pick, 2)}" for name in names)
    return text


def _space(pick: _Choices) -> str:
    return pick.of(("", " ", "  ", "\n", " # 0.1 * (\n"))


def _chain(pick: _Choices, depth: int, inner: Callable[[_Choices, int], str], *signs: str) -> str:
    text = inner(pick, depth)
    for _ in range((0, 0, 0, 1, 1, 2, 3)[pick.below(7)]):
        text += f"{_space(pick)}{pick.of(signs)}{_space(pick)}{inner(pick, depth)}"
    return text


def _body(pick: _Choices, depth: int) -> str:
    parts = [_expr(pick, depth) for _ in range((1, 1, 1, 2, 3)[pick.below(5)])]
    lengths = [f" for {_expr(pick, min(depth, 1))}" for _ in parts[1:]]
    last = pick.of(("", "", " for 5ep"))
    return " then ".join(a + b for a, b in zip(parts, [*lengths, last], strict=True))


def _expr(pick: _Choices, depth: int) -> str:
    if depth and pick.below(5) == 4:
        yes, test = _either(pick, depth - 1), _either(pick, depth - 1)
        return f"{yes} if {test} else {_expr(pick, depth - 1)}"
    return _either(pick, depth)


def _either(pick: _Choices, depth: int) -> str:
    return _chain(pick, depth, _both, " or ") if depth > 1 else _sum(pick, depth)


def _both(pick: _Choices, depth: int) -> str:
    return _chain(pick, depth, _negation, " and ")


def _negation(pick: _Choices, depth: int) -> str:
    nots = pick.of(("", "", "", "not ", "not not "))
    return nots + _chain(pick, depth, _sum, "<", "<=", ">", ">=", "==", "!=")


def _sum(pick: _Choices, depth: int) -> str:
    return _chain(pick, depth, _product, "+", "-")


def _product(pick: _Choices, depth: int) -> str:
    return _chain(pick, depth, _signed, "*", "/", "//")


def _signed(pick: _Choices, depth: int) -> str:
    text = pick.of(("", "", "", "", "-", "+", "--", "- +")) + _atom(pick, depth)
    if pick.below(4) == 3:
        text += pick.of(("^", " ** ")) + _signed(pick, max(depth - 1, 0))
    return text


def _atom(pick: _Choices, depth: int) -> str:
    match pick.below(7 if depth else 4):
        case 0:
            return pick.of(_NUMBERS)
        case 1:
            return pick.of(_NUMBERS) + pick.of(_UNITS)
        case 2:
            return pick.of(_NAMES)
        case 3:
            return pick.of(("${a}", "${b.c:${d}}"))
        case 4:
            return _call(pick, depth - 1)
    return f"({_space(pick)}{_body(pick, depth - 1)}{_space(pick)})"


def _call(pick: _Choices, depth: int) -> str:
    arguments = [_argument(pick, depth) for _ in range(pick.below(4))]
    comma = pick.of(("", ",")) if arguments else ""
    return f"{pick.of(_CALLS)}({', '.join(arguments)}{comma})"


def _argument(pick: _Choices, depth: int) -> str:
    match pick.below(6):
        case 4:
            return f"[{', '.join(_expr(pick, depth) for _ in range(pick.below(4)))}]"
        case 5:
            return f"{pick.of(_NAMES)}={_body(pick, depth)}"
    return _body(pick, depth)

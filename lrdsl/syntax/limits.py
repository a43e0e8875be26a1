"""The limits of a text, checked while its tree is built.

They bound the work of every later stage, and let those recurse.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from lrdsl.errors.diagnostics import Diagnostic, Span
from lrdsl.syntax.tree import Node

N = TypeVar("N", bound=Node)

MAX_LENGTH = 10_000  # characters of a text
MAX_DEPTH = 64  # of nodes and parentheses inside each other
MAX_NODES = 5_000
MAX_ITEMS = 1_000  # of a list; operands of one sum or product
MAX_NUMBER = 64  # characters of a number


class TooLarge(Exception):
    """A text beyond a limit; carries the diagnostic that says which."""

    def __init__(self, code: str, message: str, span: Span) -> None:
        super().__init__(message)
        self.found = Diagnostic(code, message, span)


def make_node(
    cls: Callable[..., N], span: Span, below: Iterable[Node], *fields: Any, deeper: int = 1
) -> N:
    """A node with the nodes `below` it, which is `deeper` levels higher; raises TooLarge."""
    height, size = 0, 1
    for node in below:
        size += node.size
        if node.height > height:
            height = node.height
    height += deeper
    if height > MAX_DEPTH:
        raise TooLarge("LRD911", f"nested more than {MAX_DEPTH} levels deep", span)
    if size > MAX_NODES:
        raise TooLarge("LRD912", f"more than {MAX_NODES:,} parts of an expression", span)
    return cls(*fields, span=span, height=height, size=size)


def number_problem(text: str) -> str | None:
    """Why a well-formed number is refused, found before a huge integer is made of it."""
    if len(text) > MAX_NUMBER:
        return f"a number of {len(text)} characters; the limit is {MAX_NUMBER}"
    value = float(text)
    if value == math.inf:
        return f"`{text}` is larger than any float64"
    if value == 0 and text.lower().partition("e")[0].strip("0._"):
        return f"`{text}` is too small: float64 would make it 0"
    return None

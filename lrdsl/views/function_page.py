"""The page of a function: its parameters, definition, peers and curve, as text and as data."""

from __future__ import annotations

from dataclasses import asdict
from textwrap import fill, indent
from typing import TYPE_CHECKING, Any

from lrdsl.language.builtins import BUILTINS, LISTS, NUMBERS, TIME, Parameter, Signature
from lrdsl.language.library import STANDARD, Library

if TYPE_CHECKING:
    from lrdsl.views.plot import Curve

YOURS = "yours"
GROUPS = (
    "constant and steps",
    "lines and powers",
    "cosines",
    "exponentials and sigmoids",
    "warm-ups",
    "cycles",
    "from papers",
    "building blocks",
    TIME,
    LISTS,
    NUMBERS,
)
_TYPES = {
    "time": "time (5ep, 300st, 10%)",
    "numbers": "list of numbers",
    "times": "list of times",
    "quantity": "number or time",
}
_POINTS = 101  # of a curve, as data


def signatures(library: Library = STANDARD) -> dict[str, Signature]:
    """Every function, by name: the user's own, the built-in, the standard ones."""
    return {name: each for name in library.names() if (each := library.signature(name))}


def grouped(library: Library = STANDARD) -> dict[str, list[Signature]]:
    """The functions by their groups, the user's own first."""
    groups: dict[str, list[Signature]] = {name: [] for name in (YOURS, *GROUPS)}
    for name, signature in signatures(library).items():
        group = YOURS if name in library.own else signature.group or "others"
        groups.setdefault(group, []).append(signature)
    return {name: each for name, each in groups.items() if each}


def definition_of(name: str, library: Library = STANDARD) -> str:
    """The text of a definition; nothing for a built-in function."""
    function = library.function(name)
    return function.text if function else ""


def type_of(parameter: Parameter) -> str:
    """The type of a parameter, for people."""
    return _TYPES.get(parameter.type, parameter.type)


def page(signature: Signature, library: Library = STANDARD) -> str:
    """Everything about a function, for a terminal."""
    blocks = [str(signature), paragraph(signature.doc), _parameters(signature)]
    if text := definition_of(signature.name, library):
        blocks.append(f"definition:\n{indent(text, '    ')}")
    if signature.peers:
        blocks.append(_peers(signature))
    if signature.example:
        blocks.append(f"example:\n    {signature.example}")
        if curve := curve_of(signature, library):
            from lrdsl.views.plot import draw

            blocks.append(indent(draw(curve), "    "))
    return "\n\n".join(block for block in blocks if block)


def paragraph(text: str) -> str:
    return indent(fill(text, 84), "    ")


def _parameters(signature: Signature) -> str:
    rows = [
        (f"{each.name} = {each.default}" if each.default else each.name, type_of(each), each.doc)
        for each in signature.parameters
    ]
    if not rows:
        return ""
    left = max(len(row[0]) for row in rows)
    middle = max(len(row[1]) for row in rows)
    lines = [f"    {name:{left}}  {type_:{middle}}  {doc}".rstrip() for name, type_, doc in rows]
    return "\n".join(["parameters:", *lines])


def _peers(signature: Signature) -> str:
    lines = ["elsewhere:"]
    for peer in signature.peers:
        text = f"{peer.tool}: {peer.name}" + (f" ({peer.note})" if peer.note else "")
        lines.append(fill(text, 90, initial_indent="    ", subsequent_indent="      "))
        if peer.expr != signature.example:
            lines.append(f"        {peer.expr}")
    return "\n".join(lines)


def curve_of(signature: Signature, library: Library = STANDARD) -> Curve | None:
    """What the example gives on its run; None where it has no value at some step."""
    from lrdsl.views.plot import example_curve

    return example_curve(signature, library.files)


def data(signature: Signature, library: Library = STANDARD) -> dict[str, Any]:
    """What the page says but the curve, which needs NumPy."""
    name = signature.name
    kind = "yours" if name in library.own else "built-in" if name in BUILTINS else "library"
    first = {"name": name, "kind": kind, "usage": str(signature)}
    return first | asdict(signature) | {"definition": definition_of(name, library)}


def curve_data(signature: Signature, library: Library = STANDARD) -> dict[str, Any] | None:
    """The curve of the example: its run, and epoch and rate of some of its steps."""
    from lrdsl.views.plot import run_of

    curve = curve_of(signature, library)
    if curve is None:
        return None
    run = run_of(signature).model_dump(exclude={"accumulate"})
    return {"run": run, "points": curve.points(_POINTS)}

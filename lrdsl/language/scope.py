"""Where a part of a text stands: the types of its names, and what is collected there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from lrdsl.errors.diagnostics import Diagnostic, Label, Severity, Span
from lrdsl.language.library import STANDARD, Library

# The type of an expression. `any` follows a mistake that is already reported, so that it has no
# consequences; a `list` is a parameter of a definition.
Type = Literal["number", "time", "truth", "list", "any"]


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that mean something at a place of a text, and all problems found so far.

    `names` has the params and what came before in `where`, or a definition's parameters;
    `later` what comes in `where` at all. `local` are the built-in names that have a value only
    in some functions, as `lap` in `cycle`, and have one here.
    """

    names: dict[str, Type]
    library: Library = STANDARD
    interpolations: bool = False  # whether `${...}` is a value that comes later, not an error
    later: frozenset[str] = frozenset()
    local: frozenset[str] = frozenset()
    found: list[Diagnostic] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def report(
        self, code: str, message: str, span: Span, help: str | None = None,
        severity: Severity = "error", labels: tuple[Label, ...] = (),
    ) -> Type:  # fmt: skip
        """Collect a problem; the type of what has it is any."""
        self.found.append(Diagnostic(code, message, span, severity, help, labels))
        return "any"

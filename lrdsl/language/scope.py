"""The scope of an expression: the types of names, and the problems found while checking it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from lrdsl.errors.diagnostics import Diagnostic, Label, Severity, Span
from lrdsl.language.library import STANDARD, Library

# The type of an expression. `any` is that of one with a mistake, which is reported already and
# must have no consequences; only parameters of definitions are a `list`.
Type = Literal["number", "time", "truth", "list", "any"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean in an expression; all scopes of one text share what they collect.

    names: types of the params and of the names after `where` so far, or of the parameters.
    later: every name after `where`, given so far or not.
    local: built-in names that have a value here, but not everywhere: `lap` inside `cycle`.
    found, used: the problems reported, and the names seen.
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
        """Collect a problem; returns the type of what has it."""
        self.found.append(Diagnostic(code, message, span, severity, help, labels))
        return "any"

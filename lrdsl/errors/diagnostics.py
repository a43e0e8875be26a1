"""What can be wrong with a text, as data: codes, spans, messages; and the one error class."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A range of a text: code-point offsets, `end` exclusive."""

    start: int
    end: int

    def __or__(self, other: Span) -> Span:
        return Span(min(self.start, other.start), max(self.end, other.end))


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A text other than the schedule's own: a library file."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that explains the first; in the schedule unless it names a source."""

    span: Span
    text: str
    source: Source | None = None

    def moved(self, to: Callable[[Span], Span]) -> Label:
        return self if self.source else replace(self, span=to(self.span))


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem of one text: a stable code, a sentence, where it is, and what to type."""

    code: str
    message: str
    span: Span
    severity: Severity = "error"
    help: str | None = None
    labels: tuple[Label, ...] = ()
    source: Source | None = None

    def moved(self, to: Callable[[Span], Span]) -> Diagnostic:
        """The same problem in another text, e.g. the file that holds the expression."""
        labels = tuple(label.moved(to) for label in self.labels)
        return replace(self, span=self.span if self.source else to(self.span), labels=labels)


class ScheduleError(ValueError):
    """A text that is not a valid schedule; carries every diagnostic of the text.

    `str()` is the report with a caret under each problem, and so is `repr()`, which is what other
    tools quote (Hydra's `instantiate` does). It survives pickling.
    """

    def __init__(
        self, diagnostics: Iterable[Diagnostic], text: str = "", name: str = "schedule"
    ) -> None:
        self.diagnostics = tuple(diagnostics)
        self.text = text
        self.name = name
        super().__init__(self.diagnostics, text, name)

    def __str__(self) -> str:
        from lrdsl.errors.rendering import render_all

        return render_all(self.diagnostics, self.text, self.name)

    def __repr__(self) -> str:
        return str(self)

"""The codes of diagnostics, from `codes.toml`: what each means, an example, and what to write."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of problem. `example` gives exactly this code, `fixed` gives none.

    They are expressions on the timeline `run`, or texts of YAML or library files.
    """

    title: str
    explanation: str
    example: str = ""
    fixed: str = ""
    run: Mapping[str, int] = field(default_factory=dict)
    language: Literal["expression", "yaml", "library"] = "expression"


def _code(title: str, explanation: str, **row: Any) -> Code:
    for name in ("example", "fixed"):
        row[name] = _text(row.get(name, ""))
    return Code(title, explanation.replace("\n", " "), **row)


def _text(value: str | Sequence[tuple[str, int]]) -> str:
    """A text, or texts and how often each is repeated."""
    return value if isinstance(value, str) else "".join(text * times for text, times in value)


_ROWS = tomllib.loads(Path(__file__).with_name("codes.toml").read_text(encoding="utf-8"))
CODES: Mapping[str, Code] = {name: _code(**row) for name, row in _ROWS.items()}

"""A text on a timeline: parsed, checked and expanded once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lrdsl.core import Op
from lrdsl.errors.diagnostics import Diagnostic, ScheduleError
from lrdsl.expander import Refused, expand
from lrdsl.language.user_library import Files, load, problems
from lrdsl.narrowing import narrowed
from lrdsl.syntax.parser import parse

if TYPE_CHECKING:
    from lrdsl.timeline import Timeline

Params = tuple[tuple[str, float | int | str], ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """The core tree of a schedule on a timeline, and what there is to warn of."""

    core: Op
    warnings: tuple[Diagnostic, ...]


@lru_cache(maxsize=128)
def bind(text: str, params: Params, run: Timeline, files: Files = ()) -> Bound:
    """The core tree; raises ScheduleError with every problem of the text on this timeline."""
    found = problems(text, dict(params), files)
    if any(each.severity == "error" for each in found):
        raise ScheduleError(found, text)
    try:
        core, warnings = expand(parse(text), dict(params), run, load(files).library)
    except Refused as refused:
        raise ScheduleError(_once(refused.found), text) from None
    return Bound(narrowed(core), tuple(_once(warnings)))


def _once(found: list[Diagnostic]) -> list[Diagnostic]:
    """Each problem once; a field that the timeline lacks is reported where it first matters."""
    kept: dict[object, Diagnostic] = {}
    for each in sorted(found, key=lambda each: (each.span, each.code)):
        key = each.message.partition(" needs ")[2] if each.code == "LRD403" else each
        kept.setdefault(key, each)
    return list(kept.values())

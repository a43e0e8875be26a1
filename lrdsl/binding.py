"""A text on a timeline: parsed, checked and expanded once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lrdsl import checker
from lrdsl.core import Op
from lrdsl.diagnostics import Diagnostic, ScheduleError
from lrdsl.expander import Refused, expand
from lrdsl.parser import parse
from lrdsl.timeline import Timeline

Params = tuple[tuple[str, float | int | str], ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """The core tree of a schedule on a timeline, and what there is to warn of."""

    core: Op
    warnings: tuple[Diagnostic, ...]


@lru_cache(maxsize=128)
def bind(text: str, params: Params, run: Timeline) -> Bound:
    """The core tree; raises ScheduleError with every problem of the text on this timeline."""
    program = parse(text)
    given = dict(params)
    found = checker.check(program, given)
    if any(each.severity == "error" for each in found):
        raise ScheduleError(found, text)
    try:
        core, warnings = expand(program, given, run)
    except Refused as refused:
        raise ScheduleError(_once(refused.found), text) from None
    return Bound(core, tuple(_once(warnings)))


def _once(found: list[Diagnostic]) -> list[Diagnostic]:
    """Each problem once; a field that the timeline lacks is reported where it first matters."""
    kept: dict[object, Diagnostic] = {}
    for each in sorted(found, key=lambda each: (each.span, each.code)):
        key = each.message.partition(" needs ")[2] if each.code == "LRD403" else each
        kept.setdefault(key, each)
    return list(kept.values())

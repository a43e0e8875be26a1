"""Compiling: a text and a timeline to IR, through parser, checks and expansion."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lrdsl.engines.recurrence import tabulate
from lrdsl.errors.diagnostics import Diagnostic, ScheduleError
from lrdsl.expand.context import Refused
from lrdsl.expand.expander import expand
from lrdsl.ir.ops import Op
from lrdsl.language.user_library import Files, load, problems
from lrdsl.syntax.parser import parse

if TYPE_CHECKING:
    from lrdsl.timeline import Timeline

Params = tuple[tuple[str, float | int | str], ...]


@dataclass(frozen=True, slots=True)
class Compiled:
    """The IR of a schedule on a timeline, and what there is to warn of."""

    ir: Op
    warnings: tuple[Diagnostic, ...]


@lru_cache(maxsize=128)
def compile_schedule(text: str, params: Params, run: Timeline, files: Files = ()) -> Compiled:
    """The IR; raises ScheduleError with every problem of the text on this timeline."""
    found = problems(text, dict(params), files)
    if any(each.severity == "error" for each in found):
        raise ScheduleError(found, text)
    try:
        ir, warnings = expand(parse(text), dict(params), run, load(files).library, tabulate)
    except Refused as refused:
        raise ScheduleError(_once(refused.found), text) from None
    return Compiled(ir, tuple(_once(warnings)))


def _once(found: list[Diagnostic]) -> list[Diagnostic]:
    """Each problem once; a field that the timeline lacks is reported where it first matters."""
    kept: dict[object, Diagnostic] = {}
    for each in sorted(found, key=lambda each: (each.span, each.code)):
        key = each.message.partition(" needs ")[2] if each.code == "LRD403" else each
        kept.setdefault(key, each)
    return list(kept.values())

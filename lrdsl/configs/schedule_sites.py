"""A place of a file that holds a schedule, and what is wrong with the text there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from lrdsl.configs.source_map import Place
from lrdsl.errors.diagnostics import Diagnostic, Span
from lrdsl.language.builtins import BUILTINS, NAMES
from lrdsl.language.library import standard_library
from lrdsl.language.params import Parameters
from lrdsl.language.user_library import Files, load, problems

UNKNOWN = "${}"  # the value of a parameter that is wrong, which is reported by itself

# `cosine`, `warmup-cosine`, `vendor/cosine.v2`: rather the name of something than an expression.
_BARE_WORD = r"[A-Za-z_]\w*(?:[-./][A-Za-z_]\w*|[-.]\w+)*"
_CRON = r"@[a-z]+|(?:[0-9A-Z*/,?#-]+\s+){4,5}[0-9A-Za-z*/,?#-]+"
_EXPRESSION = r"[A-Za-z_]\w*\s*\(|[0-9.]\s*[-+*/^(]|[-+*/^(]\s*[0-9.]|\$\{"
_UNUSED = r"the parameter `(.*)` is never used"

Check = Callable[[str, Parameters], list[Diagnostic]]


@dataclass(frozen=True)
class Slot:
    """A schedule of a file; `strict` when nothing else can be meant by it."""

    text: str
    place: Place
    style: str = ""
    strict: bool = False
    params: Mapping[str, Any] = field(default_factory=dict)
    param_spans: Mapping[str, Span] = field(default_factory=dict)

    @property
    def resolved(self) -> bool:
        """Whether no `${...}` stands in it or in its params."""
        return not any("${" in str(each) for each in (self.text, *self.params.values()))

    @property
    def is_name(self) -> bool:
        """A bare word that is no clock: it may name a file of the group, or be none of ours."""
        text = self.text.strip()
        if self.strict or text in ("", "???"):
            return not self.strict
        return bool(re.fullmatch(_BARE_WORD, text)) and not _words(text) <= set(NAMES)


def check_slot(slot: Slot, check: Check | None = None, files: Files = ()) -> list[Diagnostic]:
    """What is wrong with a schedule of a file, in the file's own positions.

    `check` finds what shows only on a timeline, in a schedule without other mistakes.
    """
    if slot.is_name:
        return []
    if slot.params:
        found = problems(slot.text, slot.params, files, interpolations=True)
    else:
        found = list(_problems(slot.text, files))
    if any(each.severity == "error" for each in found):
        if not slot.strict:
            found = _unless_foreign(slot.text, found, {name for name in load(files).library.own})
    elif check and slot.resolved:
        found = check(slot.text, slot.params)
    return [moved for each in found for moved in _moved(each, slot)]


@lru_cache(maxsize=1024)
def _problems(text: str, files: Files) -> tuple[Diagnostic, ...]:
    """Configs repeat each other's schedules."""
    return tuple(problems(text, {}, files, interpolations=True))


def is_expression(text: str) -> bool:
    """Whether a text, mistakes and all, was meant as a schedule."""
    known = {*NAMES, *BUILTINS, *standard_library()}
    return bool(re.search(_EXPRESSION, text) or _words(text) & known)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_]\w*", text))


def _unless_foreign(text: str, found: list[Diagnostic], own: set[str]) -> list[Diagnostic]:
    """Nothing about the schedules of other tools, which stand under the same keys."""
    if re.fullmatch(_CRON, text.strip()):
        return []
    unread = any(each.code < "LRD011" for each in found)  # syntax and unknown names
    if is_expression(text) or _words(text) & own or not unread:
        return found
    return [Diagnostic("LRD590", "not recognised as a schedule", Span(0, len(text)), "info")]


def _moved(found: Diagnostic, slot: Slot) -> Iterator[Diagnostic]:
    """A problem of the text in the file; that of an unused parameter at the parameter."""
    unused = re.fullmatch(_UNUSED, found.message) if found.code == "LRD013" else None
    if not unused or unused[1] not in slot.params:
        yield found.moved(slot.place.span)
    elif slot.params[unused[1]] != UNKNOWN:
        yield replace(found, span=slot.param_spans[unused[1]])

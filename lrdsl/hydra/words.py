"""Overrides as people type them to overrides that Hydra's own parser reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    Override,
    Quote,
    QuotedString,
    Transformer,
)
from hydra.errors import HydraException

from lrdsl.configs.hydra_values import BINDING, OVERRIDE, quoted, split

# Where schedules stand in a config. A key written out is a schedule whatever its value; one that
# only fits a pattern is one where its value is an expression, since others have a `schedule`, too.
SCHEDULE_KEYS = (
    "schedule", "lr", "learning_rate", "optimizer.lr", "optimizer.learning_rate",
    "*.schedule", "*.lr", "*learning_rate",
)  # fmt: skip

# A call, a list or a mapping of Hydra's grammar, and what stands before its items.
_CONTAINER = re.compile(r"([A-Za-z_]\w*\s*\(|\[|\{)(.*)([)\]}])", re.DOTALL)
_LABELS = {"(": BINDING, "{": re.compile(r"[^:]*:"), "[": re.compile("")}


def readable(word: str, keys: Sequence[str] = SCHEDULE_KEYS) -> str:
    """The word with every expression that Hydra's grammar refuses in quotes.

    A word that Hydra reads stays as it is, and so does one that it would refuse even then.
    """
    match = OVERRIDE.fullmatch(word)
    if not match or parse(word):
        return word
    is_ours = _judge(match[2].removesuffix(".expr"), keys)
    items = [_readable_item(item, is_ours) for item in split(match[3])]
    new = f"{match[1]}{match[2]}={','.join(items)}"
    return new if parse(new) else word


def _judge(key: str, keys: Sequence[str]) -> Callable[[str], bool]:
    """Which texts behind a key are ours to quote."""
    if key in keys:
        return lambda text: True  # with mistakes, too: lrdsl explains them better
    return is_expression if is_schedule_key(key, keys) else _is_valid


def _readable_item(text: str, is_ours: Callable[[str], bool]) -> str:
    if parse(f"key={text}"):
        return text
    match = _CONTAINER.fullmatch(text)
    if not match or not _is_hydras(match[1]):
        return quoted(text) if is_ours(text) else text
    items = []
    for item in split(match[2]):
        label = _LABELS[match[1][-1]].match(item)
        start = label.end() if label else 0
        items.append(item[:start].strip() + _readable_item(item[start:].strip(), is_ours))
    return match[1] + ",".join(items) + match[3]


def _is_hydras(opening: str) -> bool:
    """Whether a bracket is Hydra's: that of a list, of a mapping, or of a call of its functions."""
    return len(opening) == 1 or opening[:-1].strip() in _parser().functions.functions


def is_schedule_key(key: str, keys: Sequence[str]) -> bool:
    """Whether a schedule may stand behind a key."""
    return not key.startswith("hydra.") and any(fnmatchcase(key, pattern) for pattern in keys)


def is_expression(text: str) -> bool:
    """Whether a text is an expression, be it of unknown names, rather than a word or a list."""
    from lrdsl.configs.recognition import is_name
    from lrdsl.errors.diagnostics import ScheduleError
    from lrdsl.syntax import tree
    from lrdsl.syntax.parser import parse as parse_expression

    try:
        return not is_name(text) and not isinstance(
            parse_expression(text).body, tree.Name | tree.List
        )
    except ScheduleError:
        return False


def _is_valid(text: str) -> bool:
    from lrdsl.language.user_library import problems

    return not any(found.severity == "error" for found in problems(text, interpolations=True))


@cache
def _parser() -> Any:
    return OverridesParser.create()


def parse(word: str) -> Override | None:
    """Hydra's own reading of a word; None when it has none."""
    try:
        return _parser().parse_rule(word, "override")
    except (HydraException, ValueError):
        return None


def keep_quotes(override: Override) -> Override:
    """The override; the texts of its sweep in quotes where Hydra could not read them again.

    `choice('0.5^epoch', ...)` takes the quotes off its texts, and sweepers write these out.
    """
    sweep: Any = override.value()
    if isinstance(sweep, ChoiceSweep) and not sweep.simple_form:
        sweep.list = [
            QuotedString(item, Quote.single)
            if isinstance(item, str) and not parse(f"key={Transformer.str(item)}")
            else item
            for item in sweep.list
        ]
    return override

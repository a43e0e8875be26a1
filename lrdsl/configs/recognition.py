"""What counts as a schedule in a config: by its key, and by the look of its text.

Other tools have schedules of their own under the same keys, of which nothing must be said.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from lrdsl.language.builtins import BUILTINS, NAMES
from lrdsl.language.library import standard_library

# The keys whose value is a schedule.
SLOT_KEYS = ("schedule", "lr", "learning_rate")

# `cosine`, `warmup-cosine`, `vendor/cosine.v2`: rather the name of something than an expression.
_BARE_WORD = r"[A-Za-z_]\w*(?:[-.]\w+|/[A-Za-z_]\w*)*"
# `@daily`, `0 0 * * *`: when a job runs.
_CRON = r"@[a-z]+|(?:[0-9A-Z*/,?#-]+\s+){4,5}[0-9A-Za-z*/,?#-]+"
# A call, an operator beside a number, an interpolation.
_EXPRESSION = r"[A-Za-z_]\w*\s*\(|[0-9.]\s*[-+*/^(]|[-+*/^(]\s*[0-9.]|\$\{"


def may_hold_schedules(source: str) -> bool:
    """Whether a YAML text is worth reading: most files of a project never name a rate."""
    return any(word in source for word in (*SLOT_KEYS, "expr"))


def is_slot(key: str) -> bool:
    """Whether a schedule stands behind a key: `lr`, and `optimizer.lr` as well."""
    return key.endswith(SLOT_KEYS) and key.rpartition(".")[2] in SLOT_KEYS


def is_name(text: str) -> bool:
    """A bare word that is no name of the language: it may name a config, or be none of ours."""
    text = text.strip()
    if text in ("", "???"):
        return True
    return bool(re.fullmatch(_BARE_WORD, text)) and not _words(text) <= set(NAMES)


def is_expression(text: str, own: Collection[str] = ()) -> bool:
    """Whether a text, mistakes and all, was meant as a schedule; `own` are a user's functions."""
    known = {*NAMES, *BUILTINS, *standard_library(), *own}
    return bool(re.search(_EXPRESSION, text) or _words(text) & known)


def is_cron(text: str) -> bool:
    """Whether a text is the schedule of a job rather than of a rate."""
    return re.fullmatch(_CRON, text.strip()) is not None


def is_number(text: str) -> bool:
    """`1e-3` is text to YAML 1.1, but nobody means anything else than a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def is_balanced(text: str) -> bool:
    """Whether as many brackets are closed as opened, which a text cut at a comma has not."""
    return all(text.count(a) == text.count(b) for a, b in ("()", "[]"))


def _words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_]\w*", text))

"""The words of a Hydra command line: which are overrides, and what each says of which key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

# The config keys whose value is a schedule; `KEY.expr` counts too.
SCHEDULE_KEYS = ("schedule", "*.schedule", "lr", "*.lr", "*learning_rate")

# An override: what it does (`+`, `++`, `~` or nothing), its key, its value.
OVERRIDE = re.compile(r"(\+\+?|~)?([A-Za-z_$][\w$./@:-]*)=(.*)", re.DOTALL)
# Options of Hydra's command line whose value is the next word.
_VALUED = {
    "-c", "--cfg", "-p", "--package", "-cp", "--config-path", "-cn", "--config-name",
    "-cd", "--config-dir", "-i", "--info", "--experimental-rerun",
}  # fmt: skip


def override_indices(words: Sequence[str]) -> Iterator[int]:
    """Where the overrides are: not options, and not the values of options."""
    after_option = only_overrides = False
    for index, word in enumerate(words):
        if only_overrides or not (after_option or word.startswith("-")):
            yield index
        only_overrides = only_overrides or (word == "--" and not after_option)
        after_option = not (only_overrides or after_option) and _takes_value(word)


def _takes_value(word: str) -> bool:
    """Whether the next word belongs to this option; argparse lets long ones be shortened."""
    long = len(word) > 4 and word.startswith("--")
    return word in _VALUED or (long and any(option.startswith(word) for option in _VALUED))


def overrides_of(words: Sequence[str]) -> list[str]:
    """The overrides of a command line, without options."""
    return [words[index] for index in override_indices(words) if words[index] != "--"]


def is_schedule_key(key: str, keys: Sequence[str] = SCHEDULE_KEYS) -> bool:
    """Whether a schedule stands behind a key, or behind the key that `.expr` follows."""
    key = key.removesuffix(".expr")
    return any(fnmatchcase(key, pattern) for pattern in keys)


def key_of(word: str) -> str:
    """The key that a word overrides; nothing of a word that is no override with a value."""
    match = OVERRIDE.fullmatch(word)
    return match[2] if match else ""

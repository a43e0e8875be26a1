"""Suggestions for unknown words: the nearest known one, other tools' words, what to write."""

from __future__ import annotations

from collections.abc import Iterable

# Other tools' words for what has another name here.
SYNONYMS = {
    "clip": "clamp", "clip_by_value": "clamp", "ln": "log", "steps": "step", "epochs": "epoch",
    "global_step": "step", "iteration": "step", "iterations": "step", "minimum": "min",
    "maximum": "max", "fmod": "mod", "cosine_decay": "cosine", "CosineDecay": "cosine",
    "exponential_decay": "exponential", "ExponentialDecay": "exponential", "step_lr": "step_decay",
    "PolynomialDecay": "polynomial", "InverseTimeDecay": "inverse_time", "poly": "polynomial",
    "PiecewiseConstantDecay": "piecewise", "CosineDecayRestarts": "cosine_restarts",
    "StepLR": "step_decay", "MultiStepLR": "multistep", "OneCycleLR": "one_cycle",
    "onecycle": "one_cycle", "int": "floor", "scan": "recur",
    "warmup_steps": "warmup", "warm_up": "warmup", "num_epochs": "total_epochs",
    "max_steps": "total_steps", "T": "span", "u": "progress", "inverse_sqrt": "rsqrt",
}  # fmt: skip

# Words that have no counterpart, and what to write instead.
WORD_HELP = {
    "pow": "write a power as `a^b`", "power": "write a power as `a^b`",
    "True": "a switch is 1: `staircase=1`", "true": "a switch is 1: `staircase=1`",
    "False": "a switch is 0: `staircase=0`", "false": "a switch is 0: `staircase=0`",
    "None": "leave it out", "nan": "a rate is finite", "inf": "a rate is finite",
    "e": "write `exp(x)`", "lr": "the value before is `prev`: `recur(0.1, prev * 0.95)`",
    "lr_prev": "the value before is `prev`: `recur(0.1, prev * 0.95)`",
    "elif": "write `a if c else b if d else e`", "random": "write `noise(seed)`",
    "lambda": "write the expression alone: `0.1 * 0.5^epoch`",
    "return": "write the expression alone: `0.1 * 0.5^epoch`",
}  # fmt: skip


def suggestion(word: str, known: Iterable[str]) -> str | None:
    """The known word that an unknown one was probably meant to be, or None."""
    from difflib import get_close_matches

    candidates = list(known)
    if SYNONYMS.get(word) in candidates:
        return SYNONYMS[word]
    folded = {each.lower(): each for each in candidates}
    # Short words have half of their letters in common by chance.
    close = get_close_matches(word.lower(), folded, n=1, cutoff=0.75 if len(word) < 5 else 0.66)
    return folded[close[0]] if close else None

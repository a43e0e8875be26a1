"""The units of time, one row each: how they are written, and how many steps they last.

Most need a length of the run, a field of the timeline; another row says how to ask for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of time, by the timeline's field `length`: steps in a unit, or units in a step."""

    name: str  # as canonical text spells it
    spellings: tuple[str, ...]
    length: str | None = None  # None: the unit is a step
    in_step: bool = False  # whether `length` counts units in a step
    share: int = 1  # how many units make `length`

    def steps(self, count: Fraction, length: int = 1) -> Fraction:
        """`count` units in steps, exactly; `length` is the value of the field."""
        return count / length if self.in_step else count * length / self.share


UNITS = {
    unit.name: unit
    for unit in (
        Unit("ep", ("ep", "epoch", "epochs"), "steps_per_epoch"),
        Unit("st", ("st", "step", "steps")),
        Unit("%", ("%",), "total_steps", share=100),
        Unit("tok", ("tok", "token", "tokens"), "tokens_per_step", in_step=True),
        Unit("sa", ("sa", "sample", "samples"), "batch_size", in_step=True),
    )
}
SPELLINGS = {spelling: unit for unit in UNITS.values() for spelling in unit.spellings}
_SHOWN = [f"`{name}`" for name in UNITS]
LISTED = f"{', '.join(_SHOWN[:-1])} and {_SHOWN[-1]}"  # for messages


# Fields of the timeline: what a run lacks without one, and what to give.
_LENGTHS = {
    "steps_per_epoch": ("the length of an epoch", "give `steps_per_epoch`"),
    "total_steps": ("the length of the run", "give `epochs` or `total_steps`"),
    "batch_size": ("the samples in a step", "give `batch_size`"),
    "tokens_per_step": ("the tokens in a step", "give `tokens_per_step`"),
}


def missing_length(what: str, field: str, *, epochs_known: bool = False) -> str:
    """The message that `what` needs a field of the timeline which is not given."""
    lacks, give = _LENGTHS[field]
    if field == "total_steps" and epochs_known:
        give = "give `steps_per_epoch` or `total_steps`"
    return f"{what} needs {lacks}: {give}"

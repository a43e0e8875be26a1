"""What a run is asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """`quick`: a few rounds of few rows, to see that all works. `huge`: runs of 10^8 steps, too."""

    quick: bool = False
    huge: bool = False

    def seconds(self, usual: float) -> float:
        """How long a measurement may take."""
        return 0.0 if self.quick else usual

    def rounds(self, usual: int) -> int:
        """How often a measurement is repeated at most."""
        return 1 if self.quick else usual

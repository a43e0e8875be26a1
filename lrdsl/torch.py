"""The torch side: a scheduler that sets the rate of each parameter group, and resumes exactly."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from lrdsl.engines.python import compile_python
from lrdsl.errors.diagnostics import ScheduleError
from lrdsl.schedule import Schedule
from lrdsl.syntax.formatter import format_program
from lrdsl.syntax.parser import parse
from lrdsl.timeline import Timeline


class Scheduler(LRScheduler):  # type: ignore[misc]
    """Sets each group's `lr` to the schedule's value: `step()` once after each optimizer update.

    schedule, run: the text and its timeline.
    optimizer: the rates its groups were made with have no part in it. A group's `lr_scale`, if
        it has one, multiplies its rate.
    last_epoch: the last update that was made, counted from 0; -1 when there was none.

    The rate is a closed form of the number of updates, in float64; its float32 is every engine's.
    So it takes its turn in a `SequentialLR`, but neither builds on what another scheduler left in
    a group nor is to be built on, as in a `ChainedScheduler`: products belong in the text. The
    state holds text, parameters and timeline, and a scheduler with others refuses it.
    """

    def __init__(
        self, optimizer: Optimizer, schedule: Schedule, run: Timeline, last_epoch: int = -1
    ) -> None:
        self.schedule, self.run = schedule, run
        self._rate = compile_python(schedule.bind(run).ir)
        if isinstance(optimizer, Optimizer):
            for group in optimizer.param_groups:  # torch wants one to resume; it has no use here
                group.setdefault("initial_lr", _copied(group["lr"]))
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The rate of each group at `last_epoch`, the number of updates made."""
        rate = self._rate(self.last_epoch)
        groups = self.optimizer.param_groups
        return [rate * group["lr_scale"] if "lr_scale" in group else rate for group in groups]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_rate"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._rate = compile_python(self.schedule.bind(self.run).ir)

    def _get_closed_form_lr(self) -> list[float]:
        return self.get_lr()

    def state_dict(self) -> dict[str, Any]:
        """Numbers and text only: where the schedule stands, and all that it is."""
        return {
            "last_epoch": self.last_epoch,
            "_step_count": self._step_count,
            "_last_lr": [float(rate) for rate in self._last_lr],
            # not `_last_lr` while another scheduler of a SequentialLR has its turn
            "lr": [float(group["lr"]) for group in self.optimizer.param_groups],
            **self._identity(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state, with the rates the groups had then, also in a fresh optimizer.

        Raises ValueError when the state is of another schedule, or of other groups.
        """
        self._refuse(state_dict)
        self.last_epoch = state_dict["last_epoch"]
        self._step_count = state_dict["_step_count"]
        self._last_lr = list(state_dict["_last_lr"])
        for group, rate in zip(self.optimizer.param_groups, state_dict["lr"], strict=True):
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def _identity(self) -> dict[str, Any]:
        return {**self.schedule.model_dump(), "timeline": self.run.model_dump(exclude_none=True)}

    def _refuse(self, state: dict[str, Any]) -> None:
        """Raises ValueError when a state is none, or not one of this scheduler."""
        if missing := sorted(self.state_dict().keys() - state.keys()):
            raise ValueError(f"not a state of lrdsl.torch.Scheduler: it has no {missing[0]!r}")
        for name, mine in self._identity().items():
            if not _same(name, state[name], mine):
                raise ValueError(
                    f"the state is of another schedule: its {name} is {state[name]!r}, this "
                    f"scheduler's is {mine!r}; to change schedules in mid-run, make a new "
                    f"scheduler with last_epoch={state['last_epoch'] - 1}"
                )
        had, has = len(state["lr"]), len(self.optimizer.param_groups)
        if had != has:
            raise ValueError(f"the state is of {had} parameter groups, the optimizer has {has}")


def _same(name: str, a: Any, b: Any) -> bool:
    """Whether two fields of a schedule are the same; not for spaces, nor for names of files."""
    if name == "library":
        return list(a.values()) == list(b.values())
    if a == b or name != "expr":
        return bool(a == b)
    try:
        return format_program(parse(a)) == format_program(parse(b))
    except ScheduleError:
        return False


def _copied(rate: Any) -> Any:
    return rate.clone() if isinstance(rate, Tensor) else rate

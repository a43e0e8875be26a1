"""The text of a filled template to the schedule that a person would have written."""

from __future__ import annotations

from dataclasses import replace

from lrdsl.convert.by_epochs import by_epochs
from lrdsl.convert.simplification import tidy
from lrdsl.schedule import Schedule
from lrdsl.syntax.formatter import format_program
from lrdsl.syntax.parser import parse
from lrdsl.timeline import Timeline

# Long enough for every length that another library may be given.
_LONG_RUN = Timeline(steps_per_epoch=10_000, epochs=10_000_000)


def build_schedule(text: str, *, per_epoch: bool = False) -> Schedule:
    """The schedule, simplified; raises ScheduleError for what the language refuses in a run.

    per_epoch: the step of the text becomes the epoch.
    """
    program = parse(text)
    body = tidy(program.body)
    if per_epoch:
        body = by_epochs(body)
    schedule = Schedule(format_program(replace(program, body=body)))
    schedule.bind(_LONG_RUN)
    return schedule

"""Units of time: their spellings, how many steps they last, and what a run lacks for them."""

from __future__ import annotations

import re

import pytest

from lrdsl import Schedule, ScheduleError, Timeline
from lrdsl.resources import read_resource
from lrdsl.syntax.formatter import format_program
from lrdsl.syntax.parser import parse
from lrdsl.syntax.units import SPELLINGS, UNITS, Unit, missing_length

RUN = Timeline(steps_per_epoch=10, total_steps=600, tokens_per_step=3, batch_size=2)


def test_the_grammar_has_the_spellings_of_the_table() -> None:
    grammar = read_resource("grammar", "lrdsl.lark")
    listed = re.search(r"^TIME.*\(\?:%\|.*\(\?:([a-z?|]+)\)", grammar, re.MULTILINE)
    assert listed
    words = listed[1].replace("?", "").split("|") + re.sub(r"\w\?", "", listed[1]).split("|")
    assert {*words, "%"} == set(SPELLINGS)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_read_and_written_as_the_unit(spelling: str) -> None:
    name = SPELLINGS[spelling].name
    assert format_program(parse(f"1 for 5{spelling} then 2")) == f"1 for 5{name} then 2"


@pytest.mark.parametrize(
    ("unit", "steps"), [("ep", 60), ("st", 6), ("%", 36), ("tok", 2), ("sa", 3)]
)
def test_how_long_six_of_them_last(unit: str, steps: int) -> None:
    schedule = Schedule(f"1 for 6{unit} then 2")
    assert [schedule.value(step, RUN) for step in (steps - 1, steps)] == [1, 2]


@pytest.mark.parametrize("unit", [unit for unit in UNITS.values() if unit.length])
def test_a_run_that_lacks_the_length_of_a_unit(unit: Unit) -> None:
    assert unit.length
    for run, known in ((Timeline(), False), (Timeline(epochs=3), True)):
        with pytest.raises(ScheduleError) as caught:
            Schedule(f"1 for 6{unit.name} then 2").value(0, run)
        (found,) = caught.value.diagnostics
        message = missing_length(f"`6{unit.name}`", unit.length, epochs_known=known)
        assert (found.code, found.message) == ("LRD403", message)

"""The values and names of `params`: what they may be, and what is said of all else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lrdsl import Schedule, ScheduleError
from lrdsl.language.params import parameter_node
from lrdsl.language.user_library import problems

WRONG: list[Any] = [
    *([], {}, None, True, 1j, b"1", float("nan"), float("inf"), 10**400),
    *("flor", "x", "0.1f", "", "1 + 1", "5ep 3", "1" * 10_001),
]


@pytest.mark.parametrize("value", WRONG)
def test_a_parameter_that_is_no_number_or_time_is_refused(value: Any) -> None:
    with pytest.raises(ScheduleError) as caught:
        problems("peak", {"peak": value})
    (found,) = caught.value.diagnostics
    assert found.code == "LRD017" and found.message.startswith("the parameter `peak` is ")
    assert len(found.message) < 200


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1"), (3, "3"), (np.float64(0.1), "0.1"), (np.float32(0.5), "0.5"), (np.int32(3), "3"),
     (-2, "-2"), ("0.1", "0.1"), ("-5ep", "-5"), ("3 steps", "3"),
     (10**30, "1" + "0" * 30)],
)  # fmt: skip
def test_a_parameter_is_a_literal(value: Any, text: str) -> None:
    assert parameter_node("peak", value).text == text
    assert problems("peak + (0 if t < 5ep else 1)", {"peak": value}) == [] or "ep" in str(value)


@pytest.mark.parametrize("name", [3, None, ("a",), 0.5, "a-b", "", "then", "\u03b1", "1x", "a b"])
def test_a_name_that_no_text_can_use_is_refused(name: Any) -> None:
    found = problems("0.1", {name: 0.1})
    assert [each.code for each in found] == ["LRD017"]


def test_a_schedule_of_such_a_name_is_refused() -> None:
    with pytest.raises(ScheduleError, match="has a name that no text can use"):
        Schedule("0.1", params={"a-b": 0.1})

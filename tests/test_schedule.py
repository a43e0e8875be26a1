"""The Python surface: Schedule and Timeline, in and out of other people's models."""

from __future__ import annotations

import json
import pickle
from collections import UserDict
from typing import Any

import numpy as np
import pytest
from expressions import LOOSE, LOOSE_TIMES
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf
from pydantic import BaseModel, ValidationError

from lrdsl import Schedule, ScheduleError, Timeline

RUN = Timeline(steps_per_epoch=10, epochs=3)


class Config(BaseModel):
    lr: Schedule


@pytest.mark.parametrize(
    ("value", "expr"),
    [
        ("0.1 * 0.5^epoch", "0.1 * 0.5^epoch"),
        (0.1, "0.1"),
        (1, "1"),
        (1e-5, "1e-05"),
        ({"expr": "peak", "params": {"peak": 0.2}}, "peak"),
        ({"expr": 0.1}, "0.1"),
        (np.float64(0.1), "0.1"),
        (np.int64(1), "1"),
        ({"expr": np.float64(0.1)}, "0.1"),
        # the float64 of the same value: no digits are guessed
        (np.float32(0.1), "0.10000000149011612"),
        (np.float16(0.5), "0.5"),
        (UserDict(expr="peak", params=UserDict(peak=1)), "peak"),
    ],
)
def test_a_field_and_a_caller_give_texts_numbers_and_mappings(value: Any, expr: str) -> None:
    assert Config(lr=value).lr == Schedule(value)
    assert type(Schedule(value).expr) is str and Schedule(value).expr == expr


def test_a_field_takes_a_schedule() -> None:
    assert Config(lr=Schedule("0.1")).lr == Schedule("0.1")


DEEP: Any = []
for _ in range(100_000):
    DEEP = [DEEP]


class Strange:
    def __repr__(self) -> str:
        raise RuntimeError("no")


NOT_TEXTS = [
    *(True, None, [], [1], b"1", 1j, object(), Strange(), DEEP, float("nan"), float("inf")),
    *(10**400, 10**5000, np.bool_(True), np.float32("nan"), np.float64("-inf"), np.array(0.1)),
    *(np.timedelta64(5, "s"), "", "flor(1)", "(" * 5000),
]
NOT_PARAMS = [
    *(0, 5, True, "", "ab", [], [1], [("a", 1)], b"a", object(), Strange(), DEEP, iter([])),
    *({1: 2}, {None: 1}, {("a",): 1}, {b"a": 1}, {"": 1}, {"a b": 1}, {"a": None}, {"a": [1]}),
    *({"a": {}}, {"a": b"5"}, {"a": 1j}, {"a": Strange()}, {"a": DEEP}, {"a": 10**400}),
    *({"a": 10**5000}, {"a": np.bool_(False)}, {"a": np.float32("inf")}, {"a": np.array([1.0])}),
    *({"a": np.timedelta64(5, "s")}, OmegaConf.create({"a": "???"})),
]
NOT_LIBRARIES = [
    *(0, 5, True, False, b"x", [None], [5], [True], [b"x"], {"a.lrs"}, iter([]), object()),
    *(Strange(), DEEP, np.array(["a"]), {1: "x"}, {None: "x"}, {"a": 5}, {"a": None}, {"a": DEEP}),
    *({"a": b"x"}, {"a": "x"}, OmegaConf.create({"a": "???"})),
]
NOT_FIELDS = [
    *({}, {1: 2}, {"expr": None}, {"expr": "1", 2: 3}, {"expr": "1", "x": 2}),
    *({"expr": "1", "self": 2}, {"expr": {"expr": "1"}}, {"params": {}}),
    *(OmegaConf.create({"expr": "???"}), OmegaConf.create({"expr": "${b}"})),
    *({"expr": text} for text in NOT_TEXTS),
    *({"expr": "1", "params": params} for params in NOT_PARAMS),
    *({"expr": "1", "library": library} for library in NOT_LIBRARIES),
]


def kind(value: object) -> str:
    return type(value).__name__


@pytest.mark.parametrize("value", [*NOT_TEXTS, *NOT_FIELDS], ids=kind)
def test_a_field_and_a_caller_are_refused_the_rest(value: Any) -> None:
    with pytest.raises(ValidationError):
        Config(lr=value)
    with pytest.raises((ScheduleError, ValidationError)):
        Schedule(value)
    with pytest.raises(ValidationError):
        Schedule.model_validate(value)


@pytest.mark.parametrize("arguments", [
    {}, {"params": {}}, {"expr": "1", "x": 2}, {"expr": {"expr": "1"}, "x": 1},
    {"expr": {"expr": "1"}, "params": {"a": 1}},
    *({"expr": "1", "params": params} for params in NOT_PARAMS),
    *({"expr": "1", "library": library} for library in NOT_LIBRARIES),
], ids=kind)  # fmt: skip
def test_arguments_of_other_types_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises((ScheduleError, ValidationError)):
        Schedule(**arguments)


def test_a_field_that_is_missing_is_named() -> None:
    with pytest.raises(ValidationError, match=r"expr\n  Field required"):
        Schedule()


def test_the_caret_message_stands_in_the_validation_error() -> None:
    with pytest.raises(ValidationError) as caught:
        Config(lr="0.1 * flor(epoch)")  # type: ignore[arg-type]
    assert "0.1 * flor(epoch)\n  |       ^^^^\n" in str(caught.value)
    assert "did you mean `floor`?" in str(caught.value)


def test_json_in_and_out() -> None:
    schema = json.dumps(Config.model_json_schema())
    assert '{"type": "string"}' in schema and '{"type": "number"}' in schema
    config = Config.model_validate_json('{"lr": {"expr": "a * 2", "params": {"a": "3"}}}')
    assert Config.model_validate_json(config.model_dump_json()) == config
    assert Config.model_validate_json('{"lr": "0.1"}').lr == Schedule("0.1")


def test_a_schedule_is_frozen_and_hashable() -> None:
    schedule = Schedule("peak", {"peak": 0.1})
    with pytest.raises(ValidationError):
        schedule.expr = "0.2"  # type: ignore[misc]
    assert len({schedule, Schedule("peak", {"peak": 0.1})}) == 1
    assert pickle.loads(pickle.dumps(schedule)) == schedule


def test_the_error_survives_pickling() -> None:
    with pytest.raises(ScheduleError) as caught:
        Schedule("0.1 * flor(epoch) + cosne(1)")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(copy, ValueError) and str(copy) == str(caught.value)
    assert [each.code for each in copy.diagnostics] == ["LRD010", "LRD010"]


@pytest.mark.parametrize("value", [
    True, float("nan"), float("inf"), "5x", "epoch", "", "1, 2", None, [1], np.bool_(True), DEEP,
], ids=kind)  # fmt: skip
def test_params_are_numbers_or_times(value: object) -> None:
    with pytest.raises(ScheduleError, match="must be a number or a time such as `5ep`"):
        Schedule("a", {"a": value})  # type: ignore[dict-item]


def test_params_stand_for_names() -> None:
    assert Schedule("a + 1", {"a": 2}).value(0, RUN) == 3
    assert Schedule("a + 1", {"a": -2e-3}).value(0, RUN) == 0.998
    assert Schedule("a / 1st", {"a": "-2 epochs"}).value(0, RUN) == -20
    assert Schedule("a + 1", {"a": "1e-3"}).value(0, RUN) == 1.001
    assert Schedule("a where a = 5", {"a": 7}).value(0, RUN) == 7


def test_params_may_be_scalars_of_numpy() -> None:
    given = {"a": np.float64(0.1), "b": np.float32(0.1), "c": np.int32(3), "d": np.uint8(4)}
    schedule = Schedule("a + b + c + d", given)
    assert schedule.params == {"a": 0.1, "b": 0.10000000149011612, "c": 3, "d": 4}
    assert {type(value) for value in schedule.params.values()} == {int, float}
    assert schedule == Config(lr={"expr": schedule.expr, "params": given}).lr  # type: ignore[arg-type]
    assert Schedule.model_validate_json(schedule.model_dump_json()) == schedule


def test_warnings_do_not_refuse() -> None:
    schedule = Schedule("0.1 where x = 2", {"y": 1})
    assert [each.code for each in schedule.check()] == ["LRD013", "LRD013"]
    hidden = Schedule("epoch where epoch = 3")
    assert [each.code for each in hidden.check()] == ["LRD014"] and hidden.value(0, RUN) == 3


def test_values() -> None:
    schedule = Schedule("0.1 * step")
    values = schedule.values(RUN)
    assert values.dtype == np.float64 and values.shape == (30,)
    assert values.tolist() == [schedule.value(step, RUN) for step in range(30)]
    assert schedule.values(RUN, [[1, 2], [3, 4]]).shape == (2, 2)
    assert schedule.values(RUN, 7).shape == ()
    assert schedule.values(RUN, np.array([], np.int64)).shape == (0,)
    with pytest.raises(ScheduleError, match="give `epochs` or `total_steps`"):
        schedule.values(Timeline())
    with pytest.raises(TypeError):
        schedule.values(RUN, [0.5])
    with pytest.raises(ValueError, match="steps go from 0"):
        schedule.value(-1, RUN)


def test_long_runs_are_evaluated_in_blocks() -> None:
    run = Timeline(total_steps=100_000)
    schedule = Schedule("cosine(0.1, 0) * 0.5^floor(step / 1000)")
    values = schedule.values(run)
    for step in (0, 16_383, 16_384, 50_000, 99_999):
        assert values[step] == schedule.value(step, run)


@pytest.mark.parametrize(
    ("expr", "code", "text"),
    [
        ("(1 - step / 10)^0.5", "LRD201", "NaN at step 11"),
        ("0.1 / (step - 20)", "LRD202", "infinite at step 20"),
        ("0.1 - 0.01 * step", "LRD203", "negative at step 11: -0.01"),
        ("linear(0.1, 0, over=1ep)", "LRD205", "last 20 steps, from step 10"),
        ("piecewise([2, 3], [1, 2, 3])", "LRD305", "training ends at step 30"),
        ("0.1 * eppch", None, ""),
    ],
)
def test_whole_run_checks(expr: str, code: str | None, text: str) -> None:
    if code is None:
        with pytest.raises(ScheduleError):
            Schedule(expr)
        return
    found = Schedule(expr).check(RUN)
    assert code in [each.code for each in found]
    assert any(text in each.message for each in found)


def test_a_good_schedule_has_no_findings() -> None:
    assert Schedule("linear(0, 0.1) for 1ep then cosine(0.1, 0.001)").check(RUN) == []
    (looked_at,) = Schedule("cosine(0.1)").check(Timeline(total_steps=10**9))
    assert looked_at.code == "LRD208" and looked_at.severity == "info"
    assert looked_at.message == "checked the first 100,000,000 of 1,000,000,000 steps"


def test_missing_fields_are_reported_once_each() -> None:
    found = Schedule("epoch + epoch + 5% / 1st").check(Timeline())
    assert [each.code for each in found] == ["LRD403", "LRD403"]
    assert "`epoch` needs the length of an epoch: give `steps_per_epoch`" in found[0].message
    assert found[1].message == "`5%` needs the length of the run: give `epochs` or `total_steps`"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"steps_per_epoch": 10, "epochs": 3, "total_steps": 31}, "are 30: leave one of them out"),
        ({"epochs": 0}, "greater than 0"),
        ({"epochs": 1.5}, "valid integer"),
        ({"epochs": np.float64(3)}, "valid integer"),
        ({"epochs": True}, "valid integer"),
        ({"epochs": np.bool_(True)}, "valid integer"),
        ({"epochs": "3"}, "valid integer"),
        ({"epochs": np.int64(0)}, "greater than 0"),
        ({"epochs": 10**5000}, "less than or equal to"),
        ({"epohcs": 1}, "not permitted"),
    ],
)
def test_contradictory_timelines_are_refused(fields: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        Timeline(**fields)


def test_a_timeline_derives_the_length_of_the_run() -> None:
    assert RUN.total_steps == 30
    assert Timeline(steps_per_epoch=10).total_steps is None
    assert Timeline(steps_per_epoch=10, epochs=3, total_steps=30) == RUN


@pytest.mark.parametrize("name", Timeline.model_fields)
def test_lengths_may_be_integers_of_numpy(name: str) -> None:
    for value in (np.int64(10), np.uint8(10)):
        run = Timeline(**{name: value})
        assert run == Timeline(**{name: 10}) and type(getattr(run, name)) is int


def test_params_cannot_be_changed_and_their_order_does_not_matter() -> None:
    schedule = Schedule("p + q", {"p": 1, "q": 2})
    with pytest.raises(TypeError):
        schedule.params["p"] = 5  # type: ignore[index]
    assert schedule.value(0, RUN) == 3
    other = Schedule("p + q", {"q": 2, "p": 1})
    assert schedule == other and hash(schedule) == hash(other)


@pytest.mark.parametrize("name", ["a-b", "for", "\u00e4"])
def test_params_have_names_that_a_text_can_use(name: str) -> None:
    with pytest.raises(ScheduleError, match="a name that no text can use"):
        Schedule("0.1", {name: 1})


def test_runs_have_a_longest_length() -> None:
    with pytest.raises(ValidationError, match="less than or equal to"):
        Timeline(total_steps=10**25)
    with pytest.raises(ValidationError, match="steps are more than"):
        Timeline(steps_per_epoch=10**9, epochs=10**9)
    with pytest.raises(ValueError, match="steps go from 0"):
        Schedule("0.1").value(2**41, RUN)


def test_a_problem_of_a_parameter_is_shown_where_its_name_stands() -> None:
    with pytest.raises(ScheduleError) as caught:
        Schedule("1 + peak / 1st", {"peak": "5ep"}).value(0, Timeline())
    (found,) = caught.value.diagnostics
    assert found.code == "LRD403" and (found.span.start, found.span.end) == (4, 8)


RUNS = [
    *(Timeline(), Timeline(steps_per_epoch=10), Timeline(total_steps=1000), Timeline(epochs=3)),
    *(Timeline(steps_per_epoch=1, epochs=1), Timeline(steps_per_epoch=10**6 + 3, epochs=10**4)),
    Timeline(steps_per_epoch=391, epochs=90, batch_size=64, tokens_per_step=100),
]
PARAMS = st.sampled_from([{"p": 1.5, "q": "4ep"}, {"p": -2, "q": "7st"}, {"p": 2, "q": "10%"}])


@given(LOOSE, LOOSE, LOOSE_TIMES, PARAMS, st.sampled_from(RUNS))
def test_whatever_cannot_be_expanded_says_where(
    text: str, x: str, length: str, params: dict[str, float | str], run: Timeline
) -> None:
    text = f"{text} where x = {x.replace('x', '2')}, p = 1, q = {length.replace('q', '2ep')}"
    try:
        schedule = Schedule(text, params)
        for step in (0, 1, 391, 10**12):
            schedule.value(step, run)
    except ScheduleError as error:
        for each in error.diagnostics:
            assert 0 <= each.span.start < each.span.end <= len(text), each

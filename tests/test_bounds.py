"""The checks of a whole run: what is proved is what trying every step finds."""

from __future__ import annotations

import numpy as np
import pytest
from expressions import EXPRESSIONS
from hypothesis import given, settings

from lrdsl import Schedule, ScheduleError, Timeline
from lrdsl.bounds import EVERY_STEP, check_values
from lrdsl.engines.numpy import compile_numpy
from lrdsl.errors.diagnostics import Diagnostic, Span
from lrdsl.language.library import standard_library

HUGE = 10**12
LONG = EVERY_STEP + 1_000


def check(text: str, steps: int) -> list[Diagnostic]:
    run = Timeline(total_steps=steps, batch_size=128, tokens_per_step=65_536)
    return check_values(Schedule(text).bind(run).core, steps, Span(0, 1))


def messages(text: str, steps: int) -> list[str]:
    return [each.message for each in check(text, steps)]


FAULTY = [
    ("0.1 * (1 - 2 * progress)", "the rate is negative at step 500,000,000,001: -2e-13"),
    ("0.1 if step != 777777777777 else -5", "the rate is negative at step 777,777,777,777: -5"),
    ("0.1 if mod(step, 99991) != 777 else -5", "the rate is negative at step 777: -5"),
    ("10^(step / 1000)", "the rate is infinite at step 38,532"),
    ("10^(mod(step, 50000) / 1000)", "the rate is infinite at step 38,532"),
    ("0.1 / abs(step - 123456789)", "the rate is infinite at step 123,456,789"),
    ("sqrt(50000 - step)", "the rate is NaN at step 50,001"),
]


@pytest.mark.parametrize(("text", "message"), FAULTY)
def test_the_first_faulty_step_of_a_long_run(text: str, message: str) -> None:
    assert messages(text, HUGE)[0] == message


def test_every_fault_of_a_long_run() -> None:
    found = messages("0.1 / (step - 123456)", HUGE)
    assert found[0] == "the rate is infinite at step 123,456"
    assert found[1].startswith("the rate is negative at step 0: -8.1")
    assert len(found) == 2


@pytest.mark.parametrize(
    ("text", "start"),
    [("linear(0.1, 0) for 20% then 0", 2 * 10**11), ("1e-30 * 0.5^(step / 100)", 2635),
     ("cycle(linear(0.1, 0), every=100st) if progress < 0.5 else 0", 5 * 10**11),
     ("0.1 * exp(-step)", 86)],
)  # fmt: skip
def test_the_zeros_at_the_end_of_a_long_run(text: str, start: int) -> None:
    last = f"the last {HUGE - start:,} steps, from step {start:,}"
    assert messages(text, HUGE) == [f"the rate is exactly 0 for {last}"]


RANDOM = {"noise", "normal_noise", "scramble"}


@pytest.mark.parametrize("name", sorted(set(standard_library()) - RANDOM))
def test_nothing_is_left_open_in_the_library(name: str) -> None:
    run = Timeline(steps_per_epoch=10**10, epochs=100, batch_size=128, tokens_per_step=65_536)
    found = Schedule(standard_library()[name].example).check(run)
    assert {each.code for each in found} <= {"LRD205"}


def test_what_is_not_proved_is_sampled_and_said() -> None:
    assert messages("0.1 / (2 + sin(step) + cos(step))", LONG) == [
        f"checked 786,432 of {LONG:,} steps"
    ]
    codes = [each.code for each in check("log(step - 1000)", LONG)]
    assert codes == ["LRD201", "LRD202", "LRD203", "LRD208"]


@settings(max_examples=80)
@given(EXPRESSIONS)
def test_proofs_agree_with_trials(text: str) -> None:
    run = Timeline(steps_per_epoch=391, epochs=20, batch_size=128)
    try:
        schedule = Schedule(text)
        core = schedule.bind(run).core
    except ScheduleError:
        return
    with np.errstate(all="ignore"):
        rates = compile_numpy(core)(np.arange(7_820)).astype(np.float32)
    found = {each.code: each.message for each in check_values(core, 7_820, Span(0, 1))}
    for code, wrong in (("LRD201", np.isnan(rates)), ("LRD202", np.isinf(rates)),
                        ("LRD203", rates < 0)):  # fmt: skip
        assert (code in found) == wrong.any()
        if wrong.any():
            assert f"at step {int(np.argmax(wrong)):,}" in found[code]
    zeros = 7_820 - int(np.flatnonzero(np.append([1], rates))[-1])
    tail = zeros > 1 and not {"LRD201", "LRD202", "LRD203"} & set(found)
    assert ("LRD205" in found) == tail
    assert not tail or f"the last {zeros:,} steps" in found["LRD205"]

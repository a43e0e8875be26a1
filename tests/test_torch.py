"""torch: the engine on arrays, and a scheduler that trains, resumes and refuses what differs."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import numpy as np
import pytest
from engines import bits

from lrdsl import Schedule, ScheduleError, Timeline

torch = pytest.importorskip("torch")
compile_torch = pytest.importorskip("lrdsl.engines.torch").compile_torch
lr_scheduler = torch.optim.lr_scheduler

pytestmark = pytest.mark.filterwarnings("error")

RUN = Timeline(steps_per_epoch=10, epochs=4)
TEXT = "linear(0.01, peak) for 1ep then cosine(peak, 0.001)"
SCHEDULE = Schedule(TEXT, {"peak": 0.1})
RATES = [SCHEDULE.value(step, RUN) for step in range(60)]


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("peak", "0.1"),
        "piecewise([1, 3], [0.1, 0.01, 0.001])",
        "cycle(cosine(0.5^lap, 1e-5), every=1ep, growth=1.5)",
        "recur(0.01, prev / (1 + 0.001 * epoch))",
        "0.1 * log(step + 1)^1.7 * (2 + sin(step) * cos(step))",
        "0.5^step",
        "0.3",
    ],
)
def test_arrays_of_steps_have_the_bits_of_every_engine(text: str) -> None:
    schedule = Schedule(text)
    rate = compile_torch(schedule.form(RUN).ir)
    steps = np.array([*range(39), 79]).reshape(8, 5)
    rates = rate(torch.from_numpy(steps))
    assert rates.dtype == torch.float32 and rates.shape == (8, 5)
    assert np.array_equal(bits(rates), bits(schedule.values(RUN, steps)))
    assert rate(torch.tensor(3, dtype=torch.int32)).shape == () == rate(3).shape
    # where the numbers are not at hand, as on another device, it is torch ops to the end
    assert rate(torch.empty(4, 5, dtype=torch.int64, device="meta")).shape == (4, 5)


def optimizer_of(*groups: dict[str, Any], **options: Any) -> Any:
    groups = groups or ({},)
    made = [{"params": [torch.nn.Parameter(torch.zeros(2))], **group} for group in groups]
    return torch.optim.SGD(made, **{"lr": 7.0, "momentum": 0.9, **options})


def train(optimizer: Any, scheduler: Any, updates: int) -> list[float]:
    """The rate that each update was made with."""
    used = []
    for _ in range(updates):
        used.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.zero_grad()
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                ((parameter - 1) ** 2).sum().backward()
        optimizer.step()
        scheduler.step()
    return used


def weights(optimizer: Any) -> list[float]:
    return [x for group in optimizer.param_groups for x in group["params"][0].tolist()]


def test_each_update_has_the_rate_of_its_step() -> None:
    optimizer = optimizer_of()
    scheduler = SCHEDULE.to_torch(optimizer, RUN)
    assert isinstance(scheduler, lr_scheduler.LRScheduler)
    assert scheduler.get_last_lr() == [RATES[0]]
    assert train(optimizer, scheduler, 50) == RATES[:50]  # also after the end
    assert scheduler.get_last_lr() == [RATES[50]]


def test_it_is_what_a_lambda_gives() -> None:
    ours, theirs = optimizer_of(), optimizer_of(lr=1.0)
    lambdas = lr_scheduler.LambdaLR(theirs, lambda step: SCHEDULE.value(step, RUN))
    assert train(ours, SCHEDULE.to_torch(ours, RUN), 40) == train(theirs, lambdas, 40)
    assert weights(ours) == weights(theirs)


def test_the_updates_use_the_rate_of_their_step() -> None:
    weight = torch.nn.Parameter(torch.zeros(()))
    optimizer = torch.optim.SGD([weight], lr=1)
    scheduler = Schedule("0.5^step").to_torch(optimizer, Timeline())
    for _ in range(4):
        weight.grad = torch.ones(())
        optimizer.step()
        scheduler.step()
    assert weight.item() == -(1 + 0.5 + 0.25 + 0.125)


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_rates_that_are_tensors_stay_tensors(name: str) -> None:
    weight = torch.nn.Parameter(torch.zeros(2))
    rate = torch.tensor(7.0)
    optimizer = getattr(torch.optim, name)([weight], lr=rate)
    scheduler = SCHEDULE.to_torch(optimizer, RUN)
    train(optimizer, scheduler, 5)
    assert optimizer.param_groups[0]["lr"] is rate
    assert rate.item() == np.float32(RATES[5])
    other = getattr(torch.optim, name)([weight], lr=torch.tensor(7.0))
    resumed = SCHEDULE.to_torch(other, RUN)
    resumed.load_state_dict(scheduler.state_dict())
    assert other.param_groups[0]["lr"].item() == np.float32(RATES[5])


def test_groups_have_a_factor() -> None:
    optimizer = optimizer_of({}, {"lr_scale": 0.5}, {"lr_scale": 0})
    scheduler = SCHEDULE.to_torch(optimizer, RUN)
    train(optimizer, scheduler, 12)
    assert scheduler.get_last_lr() == [RATES[12], RATES[12] * 0.5, 0]
    optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(2))], "lr_scale": 2})
    train(optimizer, scheduler, 1)
    assert scheduler.get_last_lr() == [RATES[13], RATES[13] * 0.5, 0, RATES[13] * 2]


def reloaded(state: Any) -> Any:
    """A state by way of a file, as torch loads it by default: without pickled code."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize("order", ["optimizer first", "scheduler first", "scheduler only"])
@pytest.mark.parametrize("done", [0, 1, 13])
def test_training_resumes_bit_for_bit(done: int, order: str) -> None:
    whole = optimizer_of({}, {"lr_scale": 0.1})
    expected = train(whole, SCHEDULE.to_torch(whole, RUN), 30)
    half = optimizer_of({}, {"lr_scale": 0.1})
    scheduler = SCHEDULE.to_torch(half, RUN)
    used = train(half, scheduler, done)
    states = reloaded({"optimizer": half.state_dict(), "scheduler": scheduler.state_dict()})

    fresh = optimizer_of({}, {"lr_scale": 0.1})
    resumed = SCHEDULE.to_torch(fresh, RUN)
    if order == "optimizer first":
        fresh.load_state_dict(states["optimizer"])
    resumed.load_state_dict(states["scheduler"])
    if order == "scheduler first":
        fresh.load_state_dict(states["optimizer"])
    for group, old in zip(fresh.param_groups, half.param_groups, strict=True):
        group["params"][0].data.copy_(old["params"][0])
    assert resumed.get_last_lr() == scheduler.get_last_lr()
    assert used + train(fresh, resumed, 30 - done) == expected
    assert order == "scheduler only" or weights(fresh) == weights(whole)


@pytest.mark.parametrize("done", [0, 1, 13])
def test_a_fresh_optimizer_starts_at_any_update(done: int) -> None:
    optimizer = optimizer_of()
    scheduler = SCHEDULE.to_torch(optimizer, RUN, last_epoch=done - 1)
    assert train(optimizer, scheduler, 20) == RATES[done : done + 20]


OTHERS = {
    "expr": (Schedule(TEXT + " * 1", {"peak": 0.1}), RUN),
    "params": (Schedule(TEXT, {"peak": 0.2}), RUN),
    "timeline": (SCHEDULE, Timeline(steps_per_epoch=10, epochs=5)),
    "library": (Schedule(TEXT, {"peak": 0.1}, library={"my.lrs": "# One.\none() = 1\n"}), RUN),
}


@pytest.mark.parametrize("field", OTHERS)
def test_the_state_of_another_schedule_is_refused(field: str) -> None:
    optimizer = optimizer_of()
    scheduler = SCHEDULE.to_torch(optimizer, RUN)
    train(optimizer, scheduler, 5)
    schedule, run = OTHERS[field]
    other = optimizer_of()
    refusing = schedule.to_torch(other, run)
    with pytest.raises(ValueError, match=f"of another schedule: its {field} is .*last_epoch=4"):
        refusing.load_state_dict(scheduler.state_dict())
    assert refusing.last_epoch == 0 and other.param_groups[0]["lr"] == schedule.value(0, run)


def test_the_same_text_otherwise_spaced_is_accepted() -> None:
    scheduler = SCHEDULE.to_torch(optimizer_of(), RUN)
    spaced = Schedule(TEXT.replace(", ", " ,\n  ") + " # as it was", {"peak": 0.1})
    resumed = spaced.to_torch(optimizer_of(), RUN)
    resumed.load_state_dict(scheduler.state_dict())
    garbled = {**scheduler.state_dict(), "expr": "0.1 * ("}
    with pytest.raises(ValueError, match="of another schedule"):
        resumed.load_state_dict(garbled)


def test_other_states_are_refused() -> None:
    scheduler = SCHEDULE.to_torch(optimizer_of(), RUN)
    foreign = lr_scheduler.StepLR(optimizer_of(), 3).state_dict()
    with pytest.raises(ValueError, match=r"not a state of lrdsl\.torch\.Scheduler"):
        scheduler.load_state_dict(foreign)
    two = SCHEDULE.to_torch(optimizer_of({}, {}), RUN)
    with pytest.raises(ValueError, match="of 2 parameter groups, the optimizer has 1"):
        scheduler.load_state_dict(two.state_dict())


def in_sequence(optimizer: Any) -> Any:
    ours = Schedule("linear(0, 0.1, over=10st)").to_torch(optimizer, Timeline())
    decay = lr_scheduler.ExponentialLR(optimizer, 0.9)
    again = Schedule("0.5^step").to_torch(optimizer, Timeline())
    return lr_scheduler.SequentialLR(optimizer, [ours, decay, again], [10, 15])


def test_it_takes_its_turn_in_a_sequence() -> None:
    """torch's decay starts from the optimizer's own rate, 7, only if nothing else set it."""
    optimizer = optimizer_of()
    used = train(optimizer, in_sequence(optimizer), 20)
    warmup = Schedule("linear(0, 0.1, over=10st)")
    assert used[:10] == [warmup.value(step, Timeline()) for step in range(10)]
    assert used[15:] == [0.5**step for step in range(5)]


@pytest.mark.parametrize("done", [4, 12, 17])
@pytest.mark.parametrize("optimizer_last", [False, True])
def test_a_sequence_resumes(done: int, optimizer_last: bool) -> None:
    whole = optimizer_of()
    expected = train(whole, in_sequence(whole), 20)
    half = optimizer_of()
    sequence = in_sequence(half)
    used = train(half, sequence, done)
    states = copy.deepcopy((half.state_dict(), sequence.state_dict()))
    fresh = optimizer_of()
    resumed = in_sequence(fresh)
    if not optimizer_last:
        fresh.load_state_dict(states[0])
    resumed.load_state_dict(states[1])
    if optimizer_last:
        fresh.load_state_dict(states[0])
    assert used + train(fresh, resumed, 20 - done) == expected
    assert resumed.get_last_lr() == [fresh.param_groups[0]["lr"]]


def test_it_pickles() -> None:
    optimizer = optimizer_of()
    scheduler = SCHEDULE.to_torch(optimizer, RUN)
    train(optimizer, scheduler, 5)
    copied = pickle.loads(pickle.dumps(scheduler))
    assert train(copied.optimizer, copied, 10) == RATES[5:15]
    assert train(optimizer, scheduler, 1) == [RATES[5]]


def test_a_schedule_that_lacks_its_timeline_is_refused_at_once() -> None:
    optimizer = optimizer_of()
    with pytest.raises(ScheduleError, match="needs the length of the run"):
        Schedule("5% / 1st").to_torch(optimizer, Timeline(steps_per_epoch=10))
    assert optimizer.param_groups[0]["lr"] == 7
    with pytest.raises(TypeError, match="is not an Optimizer"):
        SCHEDULE.to_torch(torch.nn.Linear(1, 1), RUN)


def test_the_order_of_the_calls_is_still_watched() -> None:
    scheduler = SCHEDULE.to_torch(optimizer_of(), RUN)
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        scheduler.step()

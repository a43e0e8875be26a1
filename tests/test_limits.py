"""Texts that would take long or much memory: bound at once, or refused with a code and a place."""

from __future__ import annotations

import tracemalloc

import pytest

from lrdsl import Schedule, ScheduleError, Timeline

RUN = Timeline(steps_per_epoch=10_000, epochs=100)


def names(first: str, form: str, count: int) -> str:
    """`a0 = first, a1 = ...`, each made of the one before."""
    return ", ".join([f"a0 = {first}", *(form.format(k=k, a=f"a{k - 1}") for k in range(1, count))])


def definitions(first: str, form: str, count: int) -> dict[str, str]:
    rows = [f"f0(x) = {first}", *(form.format(k=k, f=f"f{k - 1}") for k in range(1, count))]
    return {"own.lrs": "\n".join(f"# Doc.\n{row}" for row in rows)}


SMALL = {
    "a growth near 1": "cycle(cosine(1), every=1st, growth=1.0004)",
    "a window at each step": "recur(1, prev * 0.999999, every=1st)",
    "300 parts": " then ".join(f"{k} for span / 1000" for k in range(300)) + " then 1",
    "moments in moments": f"a29 where {names('step', 'a{k} = at({a}, t + 1st) + {a}', 30)}",
    "sums of sums": f"a200 where {names('step', 'a{k} = {a} * 1.01 + {a}', 201)}",
}
LARGE = {
    "parts of parts": (f"a29 where {names('step', 'a{k} = {a} for 1st then {a}', 30)}", "LRD912"),
    "cycles of cycles": (
        f"a29 where {names('t / 1st', 'a{k} = cycle({a}, {k}st) + cycle({a}, {k}st + 1st)', 30)}",
        "LRD912",
    ),
    "many growths": (
        " + ".join(f"cycle(cosine(1), every=1st, growth=1.00{k})" for k in range(10, 30)),
        "LRD912",
    ),
    "a growth of almost 1": ("cycle(cosine(1), every=1st, growth=1.0001)", "LRD915"),
    "many recurrences": (
        " + ".join(f"recur(1, prev * 0.99999{k}, every=1st)" for k in range(1, 10)),
        "LRD915",
    ),
    "a recurrence of much": (
        "recur(1, sin(cos(exp(-prev * prev) + prev)), every=1st)",
        "LRD915",
    ),
    "squares of squares": (
        f"a59 where {names('123456789012345678901234567890', 'a{k} = {a}^2', 60)}",
        "LRD202",
    ),
}


@pytest.mark.parametrize("name", SMALL)
def test_is_bound_in_little_memory(name: str) -> None:
    tracemalloc.start()
    Schedule(SMALL[name]).bind(RUN)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * 10**6


@pytest.mark.parametrize("name", LARGE)
def test_is_refused_at_its_place(name: str) -> None:
    text, code = LARGE[name]
    with pytest.raises(ScheduleError) as caught:
        Schedule(text).bind(RUN)
    for found in caught.value.diagnostics:
        assert found.code == code and 0 <= found.span.start < found.span.end <= len(text)


@pytest.mark.parametrize("body", ["f(f(x))", "f(x) + f(x + 1)"])
def test_definitions_that_double_are_refused(body: str) -> None:
    form = "f{k}(x) = " + body.replace("f(", "{f}(")
    with pytest.raises(ScheduleError) as caught:
        Schedule("f29(step)", library=definitions("x + 1", form, 30)).bind(RUN)
    (found,) = caught.value.diagnostics
    assert found.code == "LRD912" and (found.span.start, found.span.end) == (0, 9)


def test_a_long_chain_of_definitions_is_a_schedule() -> None:
    library = definitions("x + 1", "f{k}(x) = {f}(x) + 1", 300)
    assert Schedule("f299(step)", library=library).value(7, RUN) == 307

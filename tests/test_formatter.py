"""Canonical text: one line of `identity.txt` is its own, and no text changes its tree."""

from __future__ import annotations

from pathlib import Path

import pytest
from expressions import EXPRESSIONS
from functions import FUNCTIONS
from hypothesis import given, settings
from schedule_texts import schedule_texts

from lrdsl.errors.diagnostics import ScheduleError
from lrdsl.syntax.formatter import WIDTH, format_lines, format_program, has_comment
from lrdsl.syntax.limits import MAX_LENGTH
from lrdsl.syntax.parser import parse

IDENTITY = (Path(__file__).parent / "identity.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("line", IDENTITY)
def test_canonical_text_stays(line: str) -> None:
    assert format_program(parse(line)) == line


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("0.1*0.1**(epoch//100)", "0.1 * 0.1^(epoch // 100)"),
        ("0.01*0.5^floor(epoch/10)", "0.01 * 0.5^floor(epoch / 10)"),
        ("linear( 0 ,0.1 , )for 5 epochs\nthen 0.1", "linear(0, 0.1) for 5ep then 0.1"),
        ("((0.1))", "0.1"),
        ("(0.1*0.2)+(0.3)", "0.1 * 0.2 + 0.3"),
        ("+0.1", "0.1"),
        ("0.1+-0.2", "0.1 - 0.2"),
        ("0.1 # the rate", "0.1"),
        ("0.1 for 1 token then 2 for 3 samples then 3", "0.1 for 1tok then 2 for 3sa then 3"),
        ("cosine(0.1,end = 0)where a=1", "cosine(0.1, end=0) where a = 1"),
        ("(0.1 if epoch<5 else 0.2)", "0.1 if epoch < 5 else 0.2"),
        ("1 if step<5 else (2 if step<6 else 3)", "1 if step < 5 else 2 if step < 6 else 3"),
        ("min((0.1 for 5ep then 1),2)", "min(0.1 for 5ep then 1, 2)"),
        ("(1 for 5 then 2) where a=(1 for 2 then 3)", "1 for 5 then 2 where a = 1 for 2 then 3"),
    ],
)  # fmt: skip
def test_canonical_text(written: str, canonical: str) -> None:
    assert format_program(parse(written)) == canonical


@settings(max_examples=2000)
@given(schedule_texts() | EXPRESSIONS)
def test_round_trip(text: str) -> None:
    try:
        program = parse(text)
    except ScheduleError as error:  # within the grammar, only the limits refuse
        assert all(each.code.startswith("LRD91") for each in error.diagnostics), text
        return
    for layout in (format_program, format_lines):
        canonical = layout(program)
        again = parse(canonical)
        assert again == program
        assert layout(again) == canonical
    assert "\n" not in format_program(program)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_examples_survive(name: str) -> None:
    example = FUNCTIONS[name]["example"]
    program = parse(example)
    assert parse(format_program(program)) == program


def test_long_schedules_break_at_then_and_where() -> None:
    text = (
        "linear(0, peak) for 5 epochs then cosine(peak, peak / 10) for 40 epochs "
        "then cosine(peak / 10, 0) where peak = 0.1"
    )
    assert format_lines(parse(text)) == (
        "linear(0, peak) for 5ep\n"
        "then cosine(peak, peak / 10) for 40ep\n"
        "then cosine(peak / 10, 0)\n"
        "where peak = 0.1"
    )


def test_many_names_have_a_line_each() -> None:
    names = ", ".join(f"a_long_name_{index} = 0.{index}1" for index in range(5))
    lines = format_lines(parse(f"0.1 where {names}")).split("\n")
    assert lines[:2] == ["0.1", "where a_long_name_0 = 0.01,"]
    assert len(lines) == 6
    assert max(map(len, lines)) < WIDTH


def test_spaces_never_make_a_text_too_long() -> None:
    text = "+".join(["12345678"] * 999) + "*1-" + "2^-" * 20 + "${a - b}"
    program = parse(text)
    canonical = format_program(program)
    assert len(canonical) <= MAX_LENGTH
    assert parse(canonical) == program
    assert format_program(parse(canonical)) == canonical


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.1 # x", True), ("0.1", False), ("${a#b} * 2", False), ("${a} # ${b}", True)],
)
def test_has_comment(text: str, expected: bool) -> None:
    assert has_comment(text) is expected

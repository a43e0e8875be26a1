"""Text to tree: precedence, spans, limits, and that no text raises anything but ScheduleError."""

from __future__ import annotations

import re
import time

import pytest
from expressions import EXPRESSIONS
from hypothesis import given, settings
from hypothesis import strategies as st

from lrdsl import Schedule, ScheduleError, Timeline
from lrdsl.language.builtins import RESERVED
from lrdsl.language.user_library import problems
from lrdsl.resources import read_resource
from lrdsl.syntax import tree
from lrdsl.syntax.parser import parse, parse_definition


def shape(node: tree.Node) -> object:
    """A tree as nested tuples, without spans."""
    match node:
        case tree.Number() | tree.Time() | tree.Name():
            return getattr(node, "name", None) or node.text + getattr(node, "unit", "")  # type: ignore[union-attr]
        case tree.Call():
            return (node.name, *map(shape, node.operands))
        case tree.Comparison():
            return (*node.operators, *map(shape, node.operands))
        case tree.Sequence():
            return (
                "then",
                *((shape(p.body), p.duration and shape(p.duration)) for p in node.parts),
            )
        case tree.Program():
            return shape(node.body)
    raise AssertionError(node)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-2^2", ("-", ("^", "2", "2"))),
        ("2^-1", ("^", "2", ("-", "1"))),
        ("2^3^4", ("^", "2", ("^", "3", "4"))),
        ("2**3", ("^", "2", "3")),
        ("a - b + c", ("+", "a", ("-", "b"), "c")),
        ("a / b * c", ("*", "a", ("/", "b"), "c")),
        ("a // b * c", ("*", ("//", "a", "b"), "c")),
        ("a * b // c", ("//", ("*", "a", "b"), "c")),
        ("-a * b", ("*", ("-", "a"), "b")),
        ("a + b * c^d", ("+", "a", ("*", "b", ("^", "c", "d")))),
        ("2 <= a < 5", ("<=", "<", "2", "a", "5")),
        ("not a < b and c > d or e == f",
         ("or", ("and", ("not", ("<", "a", "b")), (">", "c", "d")), ("==", "e", "f"))),
        ("a if b < 1 else c if d > 2 else e",
         ("if", "a", ("<", "b", "1"), ("if", "c", (">", "d", "2"), "e"))),
        ("a + b if c < 1 else d", ("if", ("+", "a", "b"), ("<", "c", "1"), "d")),
        ("a for 5 epochs then b", ("then", ("a", "5ep"), ("b", None))),
        ("a for 3st\nthen b # rest\nfor 10% then c",
         ("then", ("a", "3st"), ("b", "10%"), ("c", None))),
        ("format + iffy + nota", ("+", "format", "iffy", "nota")),
        ("f(a, b=c,)", ("f", "a", "c")),
    ],
)  # fmt: skip
def test_precedence(text: str, expected: object) -> None:
    assert shape(parse(text)) == expected


def nodes_of(node: tree.Node) -> list[tree.Node]:
    children: list[tree.Node] = []
    for name in type(node).__dataclass_fields__:
        value = getattr(node, name)
        children += [each for each in (value if isinstance(value, tuple) else (value,))
                     if isinstance(each, tree.Node)]  # fmt: skip
    return [node, *(each for child in children for each in nodes_of(child))]


def test_spans_are_what_they_say() -> None:
    text = "cosine(peak * 0.5^lap, end=1e-5) for 5 epochs then (a + b) where peak = 0.4"
    program = parse(text)
    words = {text[node.span.start : node.span.end] for node in nodes_of(program)}
    assert words >= {
        *("cosine(peak * 0.5^lap, end=1e-5)", "peak * 0.5^lap", "0.5^lap", "end=1e-5"),
        *("cosine(peak * 0.5^lap, end=1e-5) for 5 epochs", "5 epochs", "(a + b)", "peak = 0.4"),
    }


@settings(max_examples=300)
@given(EXPRESSIONS)
def test_every_name_and_number_is_at_its_span(text: str) -> None:
    for node in nodes_of(parse(text)):
        if isinstance(node, tree.Name):
            assert text[node.span.start : node.span.end].strip("()") == node.name
        elif isinstance(node, tree.Number):
            assert text[node.span.start : node.span.end].strip("()") == node.text


def test_nodes_compare_without_spans() -> None:
    assert parse("a + b") == parse(" a  +  (b) # sum")
    assert parse("a + b") != parse("a - b")


def code_of(text: str) -> list[str]:
    return [each.code for each in problems(text)]


def test_limits() -> None:
    assert code_of("1" + " " * 10_000) == ["LRD910"]
    assert code_of("(" * 64 + "1" + ")" * 64) == ["LRD911"]
    assert code_of("(" * 4_000 + "1" + ")" * 4_000) == ["LRD911"]
    assert code_of("abs(" * 500 + "1" + ")" * 500) == ["LRD911"]
    assert code_of("-" * 9_000 + "1") == ["LRD911"]
    assert code_of("2^" * 4_000 + "1") == ["LRD911"]
    assert code_of("1 if 1 < 2 else " * 500 + "1") == ["LRD911"]
    assert code_of("1//" * 3_000 + "1") == ["LRD911"]
    assert code_of("min(" + "1," * 4_990 + "1)") == ["LRD912"]
    assert code_of("1+" * 1_001 + "1") == ["LRD913"]
    assert code_of(f"pick([{'1,' * 1_000}1], 0)") == ["LRD914"]
    assert code_of("1" * 65) == ["LRD004"]
    for text in ("(" * 64 + "1" + ")" * 64, "1+" * 1_001 + "1"):
        (found,) = problems(text)
        assert 0 <= found.span.start < found.span.end <= len(text)


PRODUCT = "a product is written with `*`"


@pytest.mark.parametrize(
    ("text", "message", "help_"),
    [
        ("1 where 5 = 2", "unexpected `5`; expected a name", None),
        ("x where x 2", "unexpected `2`; expected `=`", None),
        ("5 epochs x", "unexpected `x`; expected an operator", PRODUCT),
        ("1_000 # steps\n 2", "unexpected `2`; expected an operator", PRODUCT),
        ("10% 3", "unexpected `3`; expected an operator", "the remainder is `mod(a, b)`"),
        ("5 x", "unexpected `x`; expected an operator",
         PRODUCT + "; times have the units `ep`, `st`, `%`, `tok` and `sa`"),
        ("f x", "unexpected `x`; expected an operator",
         "a call has brackets, `f(...)`, and " + PRODUCT),
        ("1 # if (\n +", "the schedule ends too early", None),
        ("1 if epoch < 5 # else\n", "the schedule ends too early",
         "a choice names both values: `a if c else b`"),
    ],
)  # fmt: skip
def test_what_a_syntax_error_says(text: str, message: str, help_: str | None) -> None:
    (found,) = problems(text)
    assert (found.message, found.help) == (message, help_)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("f(1) = 2", "unexpected `1`; expected a name"),
        ("f(x 2) = 2", "unexpected `2`; expected `,`"),
        ("f(x) 2", "unexpected `2`; expected `=`"),
        ("f(x: time 2) = 2", "unexpected `2`; expected `=`"),
    ],
)
def test_what_the_syntax_error_of_a_definition_says(text: str, message: str) -> None:
    with pytest.raises(ScheduleError, match=message):
        parse_definition(text, "mine.lrs")


def test_what_is_unfinished_is_described_in_no_time() -> None:
    """Texts for which a regular expression of repeated repetitions would take years."""
    for text in ("#" * 99 + "\n1 +", "1 +" + "\n#" * 4_000 + "\n(", "1 +" + " " * 9_000 + "(",
                 "1" + " " * 9_000 + "x", "a" * 9_000 + " 1"):  # fmt: skip
        start = time.process_time()
        assert problems(text)
        assert time.process_time() - start < 1


def test_the_reserved_words_are_the_keywords_of_the_grammar() -> None:
    grammar = read_resource("grammar", "lrdsl.lark")
    assert set(re.findall(r'^[A-Z]+: "([a-z]+)"$', grammar, re.MULTILINE)) == set(RESERVED)
    for word in RESERVED:
        assert code_of(f"1 where {word} = 2") == ["LRD001"]


def test_what_must_be_accepted() -> None:
    run = Timeline(total_steps=10)
    assert Schedule("(" * 40 + "1" + ")" * 40).value(0, run) == 1
    assert Schedule("+".join(["1"] * 1_000)).value(0, run) == 1_000
    assert Schedule(f"pick([{', '.join(map(str, range(1_000)))}], 999)").value(0, run) == 999
    assert Schedule("1 if step > 5 else " * 24 + "2").value(0, run) == 2
    assert Schedule("abs(" * 30 + "-1" + ")" * 30).value(0, run) == 1
    assert Schedule("cosine(" * 30 + "0.1" + ")" * 30).value(0, run) == 0.1
    parts = " then ".join(f"{k} for 1st" for k in range(300)) + " then 7"
    assert [Schedule(parts).value(k, run) for k in (0, 299, 300)] == [0, 299, 7]


def test_nothing_blows_up() -> None:
    """Texts that are small but would grow without sharing or limits."""
    run = Timeline(total_steps=10, steps_per_epoch=5)
    doubling = ", ".join(f"a{k} = a{k - 1} * a{k - 1} + step" for k in range(1, 60))
    Schedule(f"a59 where a0 = 1e-9, {doubling}").bind(run)
    truths = ", ".join(f"b{k} = b{k - 1} and not b{k - 1}" for k in range(1, 60))
    Schedule(f"1 if b59 else 2 where b0 = step < 3, {truths}").bind(run)
    nested = "step"
    for _ in range(15):
        nested = f"hold({nested} if {nested[:0]}epoch < 2 else 1, every=2st)"
    Schedule(nested).bind(run)
    with pytest.raises(ScheduleError):
        Schedule("9^9^9^9").bind(run)
    for zero in ("0e999999999", "0e-999999999"):
        assert Schedule(zero).value(0, run) == 0
    chain = ", ".join(f"a{k} = a{k - 1} if step < {k} else a{k - 1} + 1" for k in range(1, 40))
    assert Schedule(f"a39 where a0 = 0 if step < 1 else 1, {chain}").value(5, run) == 6
    moved = ", ".join(f"a{k} = hold(a{k - 1}) + hold(a{k - 1}, 2ep)" for k in range(1, 30))
    with pytest.raises(ScheduleError, match="expands to more than"):
        Schedule(f"a29 where a0 = epoch, {moved}").bind(run)
    tiny = " * ".join(f"exp(-99{k}99.{k})" for k in range(20))
    assert Schedule(tiny).value(0, run) == 0
    with pytest.raises(ScheduleError, match="larger than any float64"):
        Schedule(tiny.replace("-", "")).bind(run)


@settings(max_examples=400)
@given(st.text(max_size=60))
def test_any_text_is_a_tree_or_a_schedule_error(text: str) -> None:
    for found in problems(text):
        assert 0 <= found.span.start < found.span.end


WORDS = st.sampled_from(
    ["cosine(", "0.1", "5ep", ")", "(", "for", "then", "where", "=", "x", "[", "]", ",", "+", "-",
     "^", "//", "if", "else", "<", "epoch", "t", "piecewise(", "10%", "${a}", "#", "\n", "prev"]
)  # fmt: skip


@settings(max_examples=600)
@given(st.lists(WORDS, max_size=14).map(" ".join))
def test_any_words_are_checked_and_bound_without_a_crash(text: str) -> None:
    if problems(text):
        return
    try:
        Schedule(text).value(3, Timeline(steps_per_epoch=4, epochs=2))
    except ScheduleError as error:
        assert error.diagnostics and str(error)

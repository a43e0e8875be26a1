"""The parser's serialised tables: fresh, the same everywhere, and no need of them; its work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lrdsl.errors.diagnostics import ScheduleError
from lrdsl.resources import read_resource
from lrdsl.syntax.limits import MAX_LENGTH
from lrdsl.syntax.parser import parse, read_parser

ROOT = Path(__file__).parents[1]
TABLES = ROOT / "grammar" / "parser_tables.json"
IDENTITY = (ROOT / "tests" / "identity.txt").read_text(encoding="utf-8").splitlines()


def built(seed: int) -> str:
    """What the generator prints, in a process with this order of sets."""
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "parser_tables.py"],
        capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
    )  # fmt: skip
    return done.stdout


def test_the_tables_are_those_of_the_grammar() -> None:
    fresh = TABLES.read_text(encoding="utf-8") == built(1) == built(2)
    assert fresh, "python tools/regenerate.py"


def test_tables_that_do_not_load_are_built_from_the_grammar() -> None:
    grammar = read_resource("grammar", "lrdsl.lark")
    for tables in ("{}", '{"data": {}, "memo": {"0": {}}}', "not JSON"):
        parser = read_parser(tables, grammar)
        for line in IDENTITY[:50]:
            assert parser.parse(line, start="start") == parse(line)


def calls_of(text: str) -> int:
    """How many functions run while a text is parsed, built-in ones included."""
    calls = 0

    def count(frame: Any, event: str, arg: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        parse(text)
    except ScheduleError:
        pass
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize(
    "part", ["1+", "1*2-", "f(1,[2,3])/", "1 for 2ep then ", "x < 1 and ", "1 ", "(", "a,", "${"]
)
def test_work_grows_with_the_length(part: str) -> None:
    few, many = 20, MAX_LENGTH // len(part) - 1
    parse("1")  # loads what is loaded once
    calls_of(part * few + "1")
    assert calls_of(part * many + "1") <= 1.2 * many / few * calls_of(part * few + "1")


def test_no_depth_of_a_text_is_a_depth_of_calls() -> None:
    texts = ["(" * 60 + "1" + ")" * 60, "-" * 60 + "1", "f(" * 30 + "1" + ")" * 30, "2^" * 60 + "1"]
    limit, depth = sys.getrecursionlimit(), 0
    frame: Any = sys._getframe()
    while frame:
        frame, depth = frame.f_back, depth + 1
    trees = list(map(parse, texts))
    sys.setrecursionlimit(depth + 40)
    try:
        again = [parse(text).height for text in texts]
    finally:
        sys.setrecursionlimit(limit)
    assert again == [each.height for each in trees]

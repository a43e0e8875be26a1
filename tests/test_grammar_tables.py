"""The parser's tables against Lark itself: the same tree or the same message for any text."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import lark
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schedule_texts import schedule_texts
from test_layers import PACKAGE, loaded_by

from lrdsl.errors.diagnostics import ScheduleError
from lrdsl.language.library import standard_library
from lrdsl.resources import read_resource
from lrdsl.syntax import lalr, tree
from lrdsl.syntax.grammar_build import build_tables, read_grammar
from lrdsl.syntax.parser import MAX_LENGTH, RULES, parse, parse_definition

GRAMMAR = read_resource("grammar", "lrdsl.lark")
LARK = read_grammar(GRAMMAR)


def test_the_tables_are_those_of_the_grammar(request: pytest.FixtureRequest) -> None:
    path = PACKAGE / "syntax" / "grammar_tables.py"
    built = build_tables(GRAMMAR)
    if request.config.getoption("--update-golden"):
        path.write_text(built, encoding="utf-8", newline="\n")
    assert path.read_text(encoding="utf-8") == built


def test_another_grammar_has_other_tables() -> None:
    for old, new in (('THEN: "then"', 'THEN: "next"'), ("(CARET | DOUBLESTAR)", "CARET")):
        assert old in GRAMMAR and build_tables(GRAMMAR.replace(old, new)) != build_tables(GRAMMAR)


def test_the_tables_do_not_depend_on_the_hash_seed() -> None:
    code = (
        "from lrdsl.syntax.grammar_build import build_tables\n"
        "from lrdsl.resources import read_resource\n"
    )
    code += "print(build_tables(read_resource('grammar', 'lrdsl.lark')))"
    outs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                       env={"PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(outs) == 1 and len(outs.pop()) > 10_000


def as_token(child: Any) -> Any:
    if not isinstance(child, lark.Token):
        return child
    return lalr.Token(child.type, str(child), child.start_pos or 0, child.end_pos or 0)


def method_of(rule: Callable[..., Any]) -> Callable[[object, list[Any]], Any]:
    return lambda self, children: rule(*map(as_token, children))


METHODS = {name: method_of(rule) for name, rule in RULES.items()}
READ = lark.Lark(
    GRAMMAR,
    parser="lalr",
    lexer="basic",
    start=["start", "definition"],
    maybe_placeholders=False,
    transformer=type("Rules", (lark.Transformer,), METHODS)(),
)


def read_by_lark(text: str, start: str, rules: object) -> Any:
    """Stands for `lalr.parse`."""
    try:
        return READ.parse(text, start=start)
    except lark.exceptions.UnexpectedToken as error:
        token = as_token(error.token)
        if token.kind == lalr.END:
            token = token._replace(start=len(text), end=len(text))
        raise lalr.Unexpected(token, dict.fromkeys(error.expected, 0)) from None


def words_by_lark(text: str) -> list[tuple[str, str, int | None, int | None]]:
    return [(each.type, str(each), each.start_pos, each.end_pos) for each in LARK.lex(text)]


def outcome(read: Callable[[], tree.Node]) -> object:
    """The tree with its spans, heights and sizes; or what is wrong, with its place and help."""
    try:
        return everything(read())
    except ScheduleError as error:
        return error.diagnostics


def everything(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(map(everything, value))
    if not isinstance(value, tree.Node):
        return value
    fields = type(value).__dataclass_fields__
    return (type(value), *(everything(getattr(value, name)) for name in fields))


def assert_the_same(text: str) -> None:
    words = [(each.kind, each.text, each.start, each.end) for each in lalr.tokens(text)]
    assert words.pop() == (lalr.END, "", len(text), len(text))
    assert words == words_by_lark(text)
    for read in (lambda: parse(text), lambda: parse_definition(text, "mine.lrs")):
        ours = outcome(read)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lalr, "parse", read_by_lark)
            assert outcome(read) == ours


@settings(max_examples=300)
@given(schedule_texts())
def test_valid_texts(text: str) -> None:
    if len(text) <= MAX_LENGTH:
        assert_the_same(text)


@settings(max_examples=500)
@given(schedule_texts(), st.integers(0, 2**32))
def test_texts_with_a_mistake(text: str, seed: int) -> None:
    choose = random.Random(seed)
    words = [each.text for each in lalr.tokens(text)][:200]
    for _ in range(choose.randint(1, 3)):
        at = choose.randrange(len(words))
        match choose.randrange(3):
            case 0:
                words[at] = choose.choice(SOUP)
            case 1:
                words.insert(at, choose.choice(SOUP))
            case 2:
                del words[at]
        words = words or [""]
    assert_the_same(choose.choice(["", " ", "\n"]).join(words)[:MAX_LENGTH])


SOUP = [
    *"()[],=+-*/^<>:?!&|;.%#{}$\"'\\@\xe9\xd7\u03c0\u2212\u03b1\u043e\xa0\ufeff\x0b\x00",
    *("//", "**", "<=", ">=", "==", "!=", "for", "then", "where", "if", "else", "and", "or", "not"),
    *("For", "for\xf6", "x", "f", "a.b", "\xe91", "1", "0.1", "1e-3", "1_0", ".5", "5.", "1e"),
    *("1..2", "5ep", "5 epochs", "10%", "5 %", "5ex", "1e999", "${a}", "${b.${c}}", "${"),
    *("# c\n", " ", "\t", "\n", "\r\n", "\u2028"),
]


@settings(max_examples=500)
@given(st.lists(st.sampled_from(SOUP), max_size=20), st.sampled_from(["", " "]))
def test_any_words(words: list[str], between: str) -> None:
    assert_the_same(between.join(words))


@settings(max_examples=300)
@given(st.text(max_size=40))
def test_any_text(text: str) -> None:
    assert_the_same(text)


@pytest.mark.parametrize("name", standard_library())
def test_definitions(name: str) -> None:
    text = standard_library()[name].text
    assert_the_same(text)
    for cut in range(0, len(text), 7):
        assert_the_same(text[:cut])


LONG = [
    "1+",
    "1//",
    "f(",
    "a if b<c else ",
    "-",
    "x<",
    "not ",
    "(",
    "[",
    "1 for 2 then ",
    "2^",
    "a,",
]


@pytest.mark.parametrize("part", LONG)
def test_long_texts(part: str) -> None:
    for count in (10, 64, 65, 900, MAX_LENGTH // len(part) - 1):
        assert_the_same(part * count + "1")


@pytest.mark.parametrize(
    "part", ["1+", "1*2-", "f(1,[2,3])/", "1 for 2ep then ", "x < 1 and ", "1 "]
)
def test_work_grows_with_the_length(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lookups in the tables, rules called and children passed: at most so many for each word."""
    work = 0

    class Counted(dict[str, int]):
        def get(self, key: str, default: Any = None) -> Any:
            nonlocal work
            work += 1
            return super().get(key, default)

    def counted(rule: Any) -> Any:
        def call(*children: Any) -> int:
            nonlocal work
            work += 1 + len(children)
            return 0

        return call

    rules = {name: counted(rule) for name, rule in RULES.items()}
    monkeypatch.setattr(lalr, "_ROWS", [Counted(row) for row in lalr._ROWS])
    lalr._risen.cache_clear()
    for text in (part * 20 + "1", part * (MAX_LENGTH // len(part) - 1) + "1"):
        work = 0
        try:
            lalr.parse(text, "start", rules)
        except lalr.Unexpected:
            assert part == "1 "
        assert work <= 60 * len(list(lalr.tokens(text))) + 1_000


def test_parsing_loads_no_lark() -> None:
    code = "from lrdsl.syntax.parser import parse; parse('cosine(0.1) for 5ep then 0.1')"
    assert not {"lark", "yaml"} & loaded_by(code)
    assert "lark" not in loaded_by("from lrdsl.cli import main; main(['check', '-e', 'flor(1)'])")

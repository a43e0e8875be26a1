"""The grammar to the text of `grammar_tables.py`: Lark's own LALR tables, numbered anew.

`pytest tests/test_grammar_tables.py --update-golden` writes that file.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from typing import Any

from lark import Lark
from lark.lexer import PatternStr

END = "$END"  # Lark's name of the terminal behind the last one
_LETTERS = string.ascii_letters + string.digits + "!#$%&()*+,-./;<=>?@[]^_{|}~"
_HEADER = '''\
"""The syntax of `grammar/lrdsl.lark` as tables, which `lrdsl/syntax/grammar_build.py` writes."""

# ruff: noqa: E501
# fmt: off

'''


def read_grammar(grammar: str) -> Lark:
    """Lark's parser of a grammar for schedules, which makes trees of what it reads."""
    return Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        start=["start", "definition"],
        maybe_placeholders=False,
    )


def build_tables(grammar: str) -> str:
    """The source of a module of tables, the same for the same grammar."""
    lark: Any = read_grammar(grammar)
    table = lark.parser.parser._parse_table
    states = _numbered(table)
    productions = sorted({_production(rule) for rule in lark.rules})
    symbols = sorted({symbol for row in table.states.values() for symbol in row})
    letters = dict(zip(symbols, _LETTERS[: len(symbols)], strict=True))
    ends = {state: {END: (None, state)} for state in table.end_states.values()}
    rows = [_row(ends.get(old, table.states[old]), states, productions, letters) for old in states]
    starts = {name: states[old] for name, old in sorted(table.start_states.items())}
    return _HEADER + "\n".join(
        [
            _assigned("STARTS", starts),
            _words(lark.parser.lexer.scanner.terminals, lark.terminals, lark.ignore_tokens),
            _assigned("SYMBOLS", {letter: symbol for symbol, letter in letters.items()}),
            _block("PRODUCTIONS", productions),
            _block("ROWS", rows),
        ]
    )


def _numbered(table: Any) -> dict[int, int]:
    """Lark's states in the order in which they are reached, whatever their numbers were."""
    order = [state for _, state in sorted(table.start_states.items())]
    for state in order:
        for _, (_, to) in sorted(table.states[state].items()):
            if isinstance(to, int) and to not in order:
                order.append(to)
    return {old: new for new, old in enumerate(order)}


def _production(rule: Any) -> str:
    """One line for each kind of reduction: nonterminal, length, whether spliced, and the rule."""
    name, symbols = rule.origin.name, [symbol.name for symbol in rule.expansion]
    assert symbols, "a grammar without empty productions"
    called = rule.alias or ("?" if rule.options.expand1 else "") + name
    if name.startswith("_"):
        called = "-"
    spliced = any(symbol.startswith("_") for symbol in symbols)
    return f"{name} {len(symbols)} {'spliced' if spliced else 'plain'} {called}"


def _row(row: Any, states: dict[int, int], productions: list[str], letters: dict[str, str]) -> str:
    """The letters of the symbols with the same action, and the action, as `lalr` reads them."""
    groups: dict[int, str] = {}
    for symbol, (_, to) in sorted(row.items()):
        action = states[to] if isinstance(to, int) else ~productions.index(_production(to))
        groups[action] = groups.get(action, "") + letters[symbol]
    return " ".join(f"{symbols}:{action}" for action, symbols in groups.items())


def _words(scanned: Iterable[Any], terminals: Iterable[Any], ignored: Iterable[str]) -> str:
    """One regular expression of all terminals, as Lark orders them, and the words left out."""
    scanned = list(scanned)
    # An empty group behind each pattern: one around it would hide the first character, by
    # which `re` passes over most alternatives.
    patterns = [
        f"(?:{each.pattern.to_regexp()}){'' if each.name in ignored else f'(?P<{each.name}>)'}"
        for each in scanned
    ]
    left = [each for each in terminals if each not in scanned]
    assert all(isinstance(each.pattern, PatternStr) for each in left)
    keywords = {each.pattern.value: each.name for each in sorted(left, key=lambda each: each.name)}
    lines = ",\n".join(f"    {pattern!r}" for pattern in patterns)
    return "\n".join(
        [
            f'WORD = "|".join((\n{lines},\n))',
            'KEYWORD_KIND = "NAME"',
            _assigned("KEYWORDS", keywords),
        ]
    )


def _assigned(name: str, items: dict[str, Any]) -> str:
    lines = "".join(f"    {key!r}: {value!r},\n" for key, value in items.items())
    return f"{name} = {{\n{lines}}}"


def _block(name: str, lines: list[str]) -> str:
    return f'{name} = """\\\n' + "\n".join(lines) + '"""\n'

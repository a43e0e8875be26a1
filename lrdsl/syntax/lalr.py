"""A text to what the rules of a grammar make of it: a lexer and an LALR(1) parser, from tables.

The tables are data (`grammar_tables.py`), made from Lark's own by `grammar_build.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from lrdsl.errors.diagnostics import Span
from lrdsl.syntax import grammar_tables as tables

END = "$END"  # the terminal behind the last one

# Of a state: the action for each terminal and the state behind each nonterminal. An action is
# the state to go to, or the complement (`~`) of the production to reduce by. At the end of a
# text, the last state goes to itself.
Row = Mapping[str, int]
# What a reduction makes: the nonterminal, its number of symbols, whether none of them makes a
# list to splice, and the rule that is called: "-" for a list, "?rule" for two children or more.
Production = tuple[str, int, bool, str]
Rules = Mapping[str, Callable[..., Any]]


class Token(NamedTuple):
    """A word of the text: its terminal, itself, and its code-point offsets."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


class Unexpected(Exception):
    """A token that the grammar does not allow where it stands; `expected` are allowed ones."""

    def __init__(self, token: Token, expected: Row) -> None:
        super().__init__(token.text)
        self.token = token
        self.expected = expected


def tokens(text: str) -> Iterator[Token]:
    """The words of a text and its end; no blanks, no comments, and a word for any character."""
    make, keywords = tuple.__new__, tables.KEYWORDS  # Token(...) itself takes twice as long
    for match in _WORD.finditer(text):
        kind = match.lastgroup
        if kind is not None:
            word = match[0]
            if kind == tables.KEYWORD_KIND:
                kind = keywords.get(word, kind)
            start, end = match.span()
            yield make(Token, (kind, word, start, end))
    yield Token(END, "", len(text), len(text))


def parse(text: str, start: str, rules: Rules) -> Any:
    """What the rule `start` returns; raises Unexpected, and whatever a rule raises.

    Rules are called in the order of the text, inner ones first, so that nothing recurses.
    """
    states = [tables.STARTS[start]]
    values: list[Any] = []
    for token in tokens(text):
        kind, row = token.kind, _ROWS[states[-1]]
        while (action := row.get(kind)) is not None and action < 0:
            symbol, length, plain, rule = _PRODUCTIONS[~action]
            if length == 1 and rule in rules:
                values[-1] = rules[rule](values[-1])
                states.pop()
            else:
                children = values[-length:]
                del values[-length:], states[-length:]
                values.append(_reduced(rule, children if plain else _spliced(children), rules))
            state = _risen(states[-1], symbol, kind)
            states.append(state)
            row = _ROWS[state]
        if action is None:
            raise Unexpected(token, row)
        states.append(action)
        values.append(token)
    return values[0]


@cache
def _risen(below: int, symbol: str, kind: str) -> int:
    """The state behind a nonterminal, after the productions that only rename it ("?rule")."""
    state = _ROWS[below][symbol]
    while (action := _ROWS[state].get(kind)) is not None and action < 0:
        symbol, length, plain, rule = _PRODUCTIONS[~action]
        if length > 1 or not plain or rule[0] != "?":
            break
        state = _ROWS[below][symbol]
    return state


def _reduced(rule: str, children: list[Any], rules: Rules) -> Any:
    if rule == "-":
        return children
    if rule[0] != "?":
        return rules[rule](*children)
    return children[0] if len(children) == 1 else rules[rule[1:]](*children)


def _spliced(children: list[Any]) -> list[Any]:
    """Children without lists in them; a list in front grows, so that long ones take linear time."""
    flat: list[Any] = children[0] if isinstance(children[0], list) else [children[0]]
    for child in children[1:]:
        if isinstance(child, list):
            flat += child
        else:
            flat.append(child)
    return flat


def _read_row(line: str) -> Row:
    """`ab:3 c:-1`, where a letter stands for a symbol, as {"A": 3, "B": 3, "C": -1}."""
    row = {}
    for group in line.split(" "):
        letters, _, action = group.partition(":")
        row.update(dict.fromkeys([tables.SYMBOLS[letter] for letter in letters], int(action)))
    return row


def _read_production(line: str) -> Production:
    symbol, length, spliced, rule = line.split(" ")
    return symbol, int(length), spliced == "plain", rule


_WORD = re.compile(tables.WORD)
_ROWS = [_read_row(line) for line in tables.ROWS.split("\n")]
_PRODUCTIONS = [_read_production(line) for line in tables.PRODUCTIONS.split("\n")]

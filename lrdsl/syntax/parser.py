"""The parser: a text to its tree, by Lark's LALR(1) parser of `grammar/lrdsl.lark`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from lrdsl.errors.diagnostics import Diagnostic, ScheduleError, Span
from lrdsl.resources import read_resource
from lrdsl.syntax import tree
from lrdsl.syntax.limits import MAX_LENGTH, TooLarge

if TYPE_CHECKING:
    from lark import Lark

# Lark drops tokens that have no name of their own; in this grammar all have one.
OPTIONS: dict[str, Any] = {
    "parser": "lalr",
    "lexer": "basic",
    "start": ["start", "definition"],
    "maybe_placeholders": False,
}


def parse(text: str, name: str = "schedule") -> tree.Program:
    """The tree of a schedule; raises ScheduleError, which calls the text `name`."""
    program: tree.Program = _parse(text, "start", name)
    return program


def parse_definition(text: str, name: str) -> tree.Definition:
    """The tree of one definition of a library file; raises ScheduleError as `parse` does."""
    definition: tree.Definition = _parse(text, "definition", name)
    return definition


def _parse(text: str, start: str, name: str) -> Any:
    if len(text) > MAX_LENGTH:
        span = Span(MAX_LENGTH, MAX_LENGTH + 1)
        message = f"the text has {len(text):,} characters; the limit is {MAX_LENGTH:,}"
        raise ScheduleError([Diagnostic("LRD910", message, span)], text[: MAX_LENGTH + 1], name)
    from lark.exceptions import UnexpectedToken

    lark = _lark()
    try:
        return lark.parse(text, start=start)
    except UnexpectedToken as error:
        from lrdsl.syntax.syntax_errors import describe_unexpected

        found = describe_unexpected(error.token, error.expected, lark.lex(text), text)
    except TooLarge as error:
        found = error.found
    raise ScheduleError([found], text, name)


@cache
def _lark() -> Lark:
    grammar = read_resource("grammar", "lrdsl.lark")
    return read_parser(read_resource("grammar", "parser_tables.json"), grammar)


def read_parser(tables: str, grammar: str) -> Lark:
    """Lark's parser from its serialised tables (JSON), or from the grammar if they do not load.

    To load them takes a tenth of the time that it takes to build them, but their format is
    Lark's own, and another version of Lark may have another.
    """
    import json

    from lark import Lark

    from lrdsl.syntax.tree_builder import TreeBuilder

    load: Callable[..., Lark] = Lark._load_from_dict  # as the parsers of `lark.tools.standalone`
    try:
        return load(**json.loads(tables, object_hook=_with_numbers), transformer=TreeBuilder())
    except Exception:
        return Lark(grammar, **OPTIONS, transformer=TreeBuilder())


def _with_numbers(items: dict[str, Any]) -> dict[Any, Any]:
    """A JSON object with the integer keys that JSON made texts."""
    return {int(key) if key.isdecimal() else key: value for key, value in items.items()}

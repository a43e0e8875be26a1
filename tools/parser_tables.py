"""The grammar to `grammar/parser_tables.json`: Lark's serialised tables, in an order of their own.

`python tools/regenerate.py` writes them, `python tools/parser_tables.py` prints them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

from lrdsl.resources import read_resource
from lrdsl.syntax.parser import OPTIONS

FILE = Path(__file__).parents[1] / "grammar" / "parser_tables.json"


def files() -> dict[Path, str]:
    """The file of tables."""
    return {FILE: build_tables(read_resource("grammar", "lrdsl.lark"))}


def build_tables(grammar: str) -> str:
    """The same text for the same grammar, whatever the hash seed and the version of Lark."""
    data, memo = Lark(grammar, **OPTIONS).memo_serialize([TerminalDef, Rule])
    data["options"] = OPTIONS
    data["parser"]["parser"] = _renumbered(data["parser"]["parser"])
    return json.dumps({"data": data, "memo": memo}, separators=(",", ":"), sort_keys=True) + "\n"


def _renumbered(table: dict[str, Any]) -> dict[str, Any]:
    """States in the order in which they are reached, and symbols in that of their names."""
    symbols, shift = table["tokens"], 0
    rows = {
        state: {symbols[symbol]: action for symbol, action in row.items()}
        for state, row in table["states"].items()
    }
    order = [state for _, state in sorted(table["start_states"].items())]
    for state in order:  # which grows meanwhile
        for _, (action, to) in sorted(rows[state].items()):
            if action == shift and to not in order:
                order.append(to)
    number = {state: index for index, state in enumerate(order)}
    names = sorted(symbols.values())
    return {
        "tokens": dict(enumerate(names)),
        "states": {
            number[state]: {
                names.index(symbol): (action, number[to] if action == shift else to)
                for symbol, (action, to) in sorted(row.items())
            }
            for state, row in rows.items()
        },
        "start_states": {name: number[state] for name, state in table["start_states"].items()},
        "end_states": {name: number[state] for name, state in table["end_states"].items()},
    }


if __name__ == "__main__":
    sys.stdout.write(build_tables(read_resource("grammar", "lrdsl.lark")))

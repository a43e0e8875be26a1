"""The functions of the language, as `lrdsl functions --json` lists them."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any

from lrdsl.cli import main


def _listed() -> list[dict[str, Any]]:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(["functions", "--json"]) == 0
    listed: list[dict[str, Any]] = json.loads(out.getvalue())
    return listed


FUNCTIONS = {each["name"]: each for each in _listed()}
LIBRARY = {name: each for name, each in FUNCTIONS.items() if each["kind"] == "library"}
EXAMPLES = {name: each["example"] for name, each in LIBRARY.items()}

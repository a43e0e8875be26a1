"""Everything that is generated, made anew: `python tools/regenerate.py`.

A step makes the texts of files (None: the file goes), or is a command that writes its own. To
generate something else is one more row of `STEPS`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import function_manual
import op_counts
import parser_tables
import readme
import streams

ROOT = Path(__file__).parents[1]

Texts = Mapping[Path, str | None]

STEPS: list[tuple[str, Callable[[], Texts] | list[str]]] = [
    ("the parser's tables", parser_tables.files),
    ("function pages and curves", function_manual.files),
    ("rates of new definitions", streams.files),
    ("what `lrdsl check` prints",
     [sys.executable, "-m", "pytest", "-q", "tests/test_golden.py", "--update-golden"]),
    ("operations of graphs, with TensorFlow", op_counts.files),
    ("the README's tables and picture", readme.files),
    ("figures and pictures of precision, with JAX and optax",
     [sys.executable, "tools/precision.py"]),
]  # fmt: skip


def main() -> None:
    for what, make in STEPS:
        print(what, flush=True)
        if isinstance(make, list):
            subprocess.run(make, cwd=ROOT, check=True)
        else:
            write(make())


def stale(texts: Texts) -> list[Path]:
    """The files that are not as they should be."""
    return [path for path, text in texts.items() if _read(path) != text]


def write(texts: Texts) -> None:
    """Bring those files up to date."""
    for path in stale(texts):
        text = texts[path]
        if text is None:
            path.unlink()
        else:
            path.write_text(text, encoding="utf-8", newline="\n")
        print(f"  {path}")


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    main()

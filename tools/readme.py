"""The README's tables, and the picture of its first lines: `docs/schedules.svg`."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from textwrap import wrap

import op_counts
from function_manual import anchor
from svg import picture

from lrdsl import Schedule, Timeline
from lrdsl.views.function_page import grouped
from lrdsl.views.plot import Curve

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
RUN = Timeline(steps_per_epoch=391, epochs=160)
_WIDTH, _HEIGHT, _CAPTION = 480, 200, 40  # of a curve in the picture, and of the text above it
_STYLE = """\
.expr{font:11px ui-monospace,Menlo,Consolas,monospace;fill:#24292f}
@media(prefers-color-scheme:dark){.expr{fill:#e6edf3}}"""


def files() -> dict[Path, str]:
    """The README with fresh tables, and the picture of its first lines."""
    text = README.read_text(encoding="utf-8")
    for name, table in {"functions": functions(), "ops": ops()}.items():
        text = _with_table(text, name, table)
    return {README: text, ROOT / "docs" / "schedules.svg": drawn(front(text))}


def _with_table(text: str, name: str, table: str) -> str:
    """The text with another table between the comment that names it and the one that ends it."""
    pattern = rf"(<!-- {name}: [^\n]* -->\n).*?(<!-- end -->)"
    return re.sub(pattern, lambda found: f"{found[1]}{table}\n{found[2]}", text, flags=re.DOTALL)


def functions() -> str:
    """The functions of each group, and a link to where they are described."""
    rows = [
        f"| [{group}](docs/functions.md#{anchor(group)}) "
        f"| {' '.join(f'`{each.name}`' for each in signatures)} |"
        for group, signatures in grouped().items()
    ]
    return "\n".join(["| group | functions |", "|---|---|", *rows])


def ops() -> str:
    """How many operations the graph of a rate executes, for the rows that are for the README."""
    rows = ["| schedule | Keras | lrdsl | its formula |", "|---|---|---|---|"]
    for row in op_counts.rows():
        if row.get("readme"):
            ops = row["ops"]
            rows.append(f"| `{row['expr']}` | {ops['keras']} | {ops['ours']} | {ops['analytic']} |")
    return "\n".join(rows)


def front(text: str) -> list[str]:
    """The schedules that the README begins with: its first block of code."""
    block = re.search(r"(?:^    .*\n)+", text, re.MULTILINE)
    assert block
    return [line.strip() for line in block[0].splitlines()]


def drawn(exprs: list[str]) -> str:
    """Four schedules with their curves on `RUN`, two in a row, as SVG."""
    cells = [_cell(expr, index) for index, expr in enumerate(exprs)]
    width, height = 2 * _WIDTH, (len(exprs) + 1) // 2 * (_CAPTION + _HEIGHT)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">\n'
        f"<title>Schedules and their rates</title>\n<style>{_STYLE}</style>\n"
        f"{''.join(cells)}</svg>\n"
    )


def _cell(expr: str, index: int) -> str:
    x, y = index % 2 * _WIDTH, index // 2 * (_CAPTION + _HEIGHT)
    lines = wrap(expr, 66)
    texts = [f'<text class="expr" x="24" y="{30 - 14 * (len(lines) - 1) + 14 * k}">'
             f"{escape(line, quote=False)}</text>\n" for k, line in enumerate(lines)]  # fmt: skip
    curve = picture(Curve(Schedule(expr).values(RUN), RUN.epochs or 1), expr)
    inner = curve.replace("<svg ", f'<svg y="{_CAPTION}" ', 1)
    return f'<g transform="translate({x} {y})">\n{"".join(texts)}{inner}</g>\n'

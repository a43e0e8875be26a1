"""Reference manual: the tables of functions to `docs/functions.md` and `docs/curves/*.svg`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from svg import picture

from lrdsl.language.builtins import NAMES, Parameter, Peer, Signature
from lrdsl.views.function_page import curve_of, definition_of, grouped, type_of

DOCS = Path(__file__).parents[1] / "docs"

_HEAD = """\
# Functions

Every function of lrdsl: what it computes, its parameters, its curve, and what other tools call it.
`lrdsl functions cosine` prints the entry of one function in a terminal.

In the tables, a *number* is a rate, a factor or a count. A *time* is written `5ep` (epochs),
`300st` (steps), `10%` (of the run), `2e9tok` (tokens) or `1e6sa` (samples); a bare number is
epochs. A *schedule* is an expression that runs on the function's own clock: the cosine of
`cycle(cosine(0.1), every=10ep)` starts anew with each cycle. The default `span` is as long as the
current part of a sequence, or as the run where there is no sequence.

Each curve is that of the example below it, in a run of 100 steps in an epoch and 128 samples in a
step.

This page is generated: change the comments in `grammar/library.lrs` or the table in
`lrdsl/language/builtins.py`, and run `python tools/regenerate.py`.
"""
_NAMES = """\
## Names

What an expression may use besides functions. `step`, `epoch` and `progress` are the run's clock,
everywhere; `t`, `span` and `lap` belong to the part of a sequence, or the lap of a `cycle`, in
which they stand.
"""
_ELSEWHERE = """\
## Names in other tools

How to write here what has a name there. The numbers are examples: a rate of 0.1, in a run of 100
epochs of 100 steps. What depends on a metric, such as `ReduceLROnPlateau`, is no function of the
step and has no counterpart here.
"""
TOOLS = {
    "Keras": "Keras",
    "TF1": "TensorFlow 1, `tf.compat.v1.train`",
    "TFM": "TensorFlow Model Garden",
    "TFA": "TensorFlow Addons",
    "torch": "PyTorch",
    "transformers": "Hugging Face transformers",
    "timm": "timm",
    "optax": "optax",
    "Paddle": "PaddlePaddle",
    "Composer": "MosaicML Composer",
    "fvcore": "fvcore and Detectron2",
    "T5X": "T5X",
    "thinc": "thinc and spaCy",
    "fairseq": "fairseq",
    "NeMo": "NVIDIA NeMo",
    "Megatron": "Megatron-LM",
    "DeepSpeed": "DeepSpeed",
    "Caffe": "Caffe",
}


def files() -> dict[Path, str | None]:
    """The page and the pictures; None for the picture of a function that is no more."""
    folder = DOCS / "curves"
    old = dict.fromkeys(folder.glob("*.svg"))
    new = {folder / name: text for name, text in pictures().items()}
    return {DOCS / "functions.md": manual(), **old, **new}


def manual() -> str:
    """The text of `docs/functions.md`."""
    groups = grouped()
    contents = [f"- {_link(_title(name))}: {', '.join(_link(each.name) for each in group)}"
                for name, group in groups.items()]  # fmt: skip
    contents += [f"- {_link(title)}" for title in ("Names", "Names in other tools")]
    blocks = [_HEAD, "\n".join([*contents, ""])]
    for name, group in groups.items():
        blocks += [f"## {_title(name)}\n", *map(_section, group)]
    blocks += [_NAMES, _names(), _ELSEWHERE, *map(_index, TOOLS)]
    return "\n".join(blocks).rstrip() + "\n"


def pictures() -> dict[str, str]:
    """The SVG text of each function's curve, by file name."""
    curves = {each: curve_of(each) for group in grouped().values() for each in group}
    return {f"{each.name}.svg": picture(curve, each.example)
            for each, curve in curves.items() if curve}  # fmt: skip


def peers() -> Iterator[tuple[Peer, Signature]]:
    """Every name of another tool, with the function that lists it."""
    for group in grouped().values():
        for signature in group:
            for peer in signature.peers:
                yield peer, signature


def _title(group: str) -> str:
    return group[0].upper() + group[1:]


def _link(title: str) -> str:
    return f"[{title}](#{anchor(title)})"


def anchor(title: str) -> str:
    """The name that GitHub gives a heading."""
    return re.sub(r"[^a-z0-9_ -]", "", title.lower()).replace(" ", "-")


def _section(signature: Signature) -> str:
    blocks = [f"### {signature.name}", f"    {signature}", signature.doc]
    if signature.parameters:
        blocks.append(_table(("parameter", "type", "default", "meaning"),
                             [_parameter(each) for each in signature.parameters]))  # fmt: skip
    blocks += [f"![{signature.example}](curves/{signature.name}.svg)", f"    {signature.example}"]
    if text := definition_of(signature.name):
        blocks.append(f"It is defined as\n\n```text\n{text}\n```")
    if signature.peers:
        blocks.append("\n".join(["Elsewhere:", "", *_elsewhere(signature)]))
    return "\n\n".join(blocks) + "\n"


def _names() -> str:
    rows = [(f"`{name.name}`", name.type, name.doc) for name in NAMES.values()]
    return _table(("name", "type", "meaning"), rows) + "\n"


def _parameter(each: Parameter) -> tuple[str, ...]:
    kind = re.sub(r"\((.*)\)", lambda m: f"(`{m[1].replace(', ', '`, `')}`)", type_of(each))
    return f"`{each.name}`", kind, f"`{each.default}`" if each.default else "", each.doc


def _elsewhere(signature: Signature) -> Iterator[str]:
    """The other tools' names: first those that are the example as it stands."""
    same = [each for each in signature.peers if each.expr == signature.example and not each.note]
    if same:
        yield "- " + ", ".join(f"{each.tool}: `{each.name}`" for each in same)
    for each in signature.peers:
        if each not in same:
            written = "" if each.expr == signature.example else f", here `{each.expr}`"
            note = f": {each.note}" if each.note else ""
            yield f"- {each.tool}: `{each.name}`{written}{note}"


def _index(tool: str) -> str:
    """The names of one tool, in alphabetical order."""
    named = sorted(
        ((peer.name, peer, each.name) for peer, each in peers() if peer.tool == tool),
        key=lambda row: (row[0], row[1].expr),
    )
    rows = [(f"`{name}`", f"`{peer.expr}`", f"[{function}](#{function})", peer.note)
            for name, peer, function in named]  # fmt: skip
    table = _table(("name", "here", "function", "difference"), rows)
    return f"### {TOOLS[tool]}\n\n{table}\n"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(row)} |".replace("|  |", "| |") for row in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]])

"""What `${lrdsl:...}` and `${lrdsl.slug:...}` stand for in a config."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from omegaconf import DictConfig, OmegaConf


def slug(schedule: Any) -> str:
    """A schedule as part of a file name: readable, short, and its own for every schedule."""
    text = str(schedule)
    if isinstance(schedule, Mapping | DictConfig):
        text = " ".join(str(each) for each in (schedule.get("expr"), schedule.get("params") or ""))
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")
    if readable and readable == text and len(text) <= 40:
        return readable
    return f"{readable[:40].rstrip('-.')}-{sha256(text.encode()).hexdigest()[:8]}".lstrip("-")


def constant(text: Any) -> float | int:
    """The value of a constant expression: what `${lrdsl:"5e4 // 128 * 90"}` stands for."""
    from lrdsl import Schedule, Timeline
    from lrdsl.language.builtins import BUILTINS, NAMES, NUMBERS
    from lrdsl.language.library import STANDARD
    from lrdsl.syntax import tree
    from lrdsl.syntax.parser import parse

    fixed = {"pi", "pick"} | {name for name, each in BUILTINS.items() if each.group == NUMBERS}
    moving = {*NAMES, *STANDARD.names()} - fixed
    for node in tree.nodes_of(parse(str(text))):
        if isinstance(node, tree.Name | tree.Call) and node.name in moving:
            raise ValueError(f"`{text}` is not a constant: `{node.name}` depends on the run")
    value = float(Schedule(str(text)).value(0, Timeline()))
    return int(value) if value.is_integer() else value


def register() -> None:
    # omegaconf 2.4 gave the name of a long deprecated method to the successor of the other.
    resolver = OmegaConf.register_resolver
    if "replace" not in inspect.signature(resolver).parameters:
        resolver = OmegaConf.register_new_resolver
    resolver("lrdsl", constant, replace=True)
    resolver("lrdsl.slug", slug, replace=True)

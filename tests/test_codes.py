"""Every code has a page, and every page is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lrdsl
from lrdsl.errors.codes import CODES
from lrdsl.views.explain import example_problems

PACKAGE = Path(lrdsl.__file__).parent


def test_every_code_in_use_has_a_page() -> None:
    used = set()
    for path in PACKAGE.rglob("*.py"):
        if path.name != "codes.py":
            used |= set(re.findall(r"LRD[0-9]{3}\b", path.read_text(encoding="utf-8")))
    assert used == set(CODES)


@pytest.mark.parametrize("name", [name for name, code in CODES.items() if code.example])
def test_the_example_gives_the_code(name: str) -> None:
    found = example_problems(CODES[name], CODES[name].example)
    assert {each.code for each in found} == {name}


@pytest.mark.parametrize("name", [name for name, code in CODES.items() if code.fixed])
def test_the_correction_gives_nothing(name: str) -> None:
    assert example_problems(CODES[name], CODES[name].fixed) == []


@pytest.mark.parametrize("name", CODES)
def test_the_page_is_written(name: str) -> None:
    code = CODES[name]
    assert re.fullmatch(r"LRD[0-9]{3}", name)
    assert not code.title.endswith(".")
    assert code.title[0].islower() or code.title.startswith("YAML")
    assert code.explanation.endswith(".")
    assert name in ("LRD021", "LRD208", "LRD999") or (code.example and code.fixed)

"""The README is true: its tables are those of the code, its examples run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from readme import RUN, front

from lrdsl import Schedule, ScheduleError, Timeline
from lrdsl.cli import COMMANDS
from lrdsl.language.builtins import BUILTINS, NAMES
from lrdsl.language.user_library import problems

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return [text for name, text in fenced if name == language]


def test_the_expressions_of_the_front_work() -> None:
    lines = front(README)
    assert len(lines) == 4
    for line in lines:
        assert Schedule(line).check(RUN) == [], line


def test_every_example_of_every_function_works() -> None:
    for signature in BUILTINS.values():
        assert problems(signature.example) == [], signature
        found = Schedule(signature.example).check(RUN)
        assert {each.code for each in found if each.severity == "error"} <= {"LRD203"}, signature
        assert signature.name in signature.example


def test_python_blocks_run() -> None:
    ran = [block for block in blocks("python") if "@hydra.main" not in block]
    assert len(ran) == 3
    for block in ran:
        if any(f"import {name}\n" in block and not find_spec(name) for name in ("optax", "torch")):
            continue
        done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert Schedule("linear(0, peak) for 5ep then cosine(peak, 0)", {"peak": 0.1}).value(
        1955, Timeline(steps_per_epoch=391, epochs=90)
    ) == 0.1  # fmt: skip


def test_the_hydra_block_runs(tmp_path: Path) -> None:
    (block,) = (block for block in blocks("python") if "@hydra.main" in block)
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").write_text("lr: 0.1\n")
    program = block.replace("...", "print(cfg.lr)") + "\napp()\n"
    (tmp_path / "app.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "app.py", "lr=0.1*0.5^floor(epoch/10)"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.strip() == "0.1*0.5^floor(epoch/10)", done.stderr


def commands(program: str) -> list[list[str]]:
    """The words of each command line behind the program's name, without comments."""
    lines = re.findall(rf"^    (?:pip install .* && )?{program} (.*)$", README, re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


@pytest.mark.parametrize("words", commands("lrdsl"), ids=" ".join)
def test_commands_run(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lrdsl", *words], cwd=ROOT, capture_output=True, text=True
    )  # fmt: skip
    has_a_mistake = "piecewise([100, 150], [0.1, 0.06])" in words
    assert done.returncode == has_a_mistake, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_every_command_is_shown() -> None:
    assert {words[0] for words in commands("lrdsl")} == set(COMMANDS)


@pytest.mark.parametrize("words", commands("lrdsl-train"), ids=" ".join)
def test_the_train_commands_are_valid(words: list[str]) -> None:
    """They compose, in a sweep for its first job (tests/test_training.py runs such)."""
    if words[0] == "-m":
        words = [words[1].partition(",")[0], *words[2:]]
    done = subprocess.run(
        [sys.executable, "-m", "lrdsl.training.app", *words, "--cfg", "job", "--resolve"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["schedule"]


def test_the_error_shown_is_the_error_given(tmp_path: Path) -> None:
    (shown,) = (block for block in blocks("") if "LRD010" in block)
    line = next(line for line in shown.splitlines() if line.startswith("4 | "))[4:]
    (tmp_path / "conf").mkdir()
    config = f"optimizer:\n  name: sgd\n  # the rate\n{line}\n"
    (tmp_path / "conf" / "optim.yaml").write_text(config)
    done = subprocess.run(
        [sys.executable, "-m", "lrdsl", "check", "conf/optim.yaml"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert shown.strip() in done.stdout


def test_the_library_file_shown_works(tmp_path: Path) -> None:
    (text,) = re.findall(r"^    (# Half.*\n)    (careful.*\n)", README, re.MULTILINE)
    (tmp_path / "mine.lrs").write_text("".join(text))
    schedule = Schedule("careful(0.1)", library=tmp_path / "mine.lrs")
    assert [schedule.value(step, RUN) for step in (0, 3 * 391)] == [0.05, 0.1]


def test_every_name_of_the_language_is_told() -> None:
    assert [name for name in NAMES if f"`{name}`" not in README] == []


NAMED = r"`((?:\.ci|conf|docs|grammar|lrdsl|tests|tools)/[\w./-]*(?:/|\.\w+))`"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/functions.md"])
def test_files_that_are_named_are_there(name: str) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    linked = [(ROOT / name).parent / path for path in re.findall(r"\]\(([^)#:]+)", page)]
    named = [ROOT / path for path in re.findall(NAMED, page)]
    assert linked or named
    assert [path for path in (*linked, *named) if not path.exists()] == []


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 200


def test_what_the_text_says_about_the_language() -> None:
    for wrong in ("t + 5", "1 if t < 5 else 2"):
        with pytest.raises(ScheduleError):
            Schedule(wrong)
    assert Schedule("-2^2").value(0, RUN) == -4
    shift = Schedule("linear(0, 0.1) for 5ep then piecewise([30, 60], [0.1, 0.01, 0.001])")
    absorb = Schedule("warmup(5ep) * piecewise([30, 60], [0.1, 0.01, 0.001])")
    assert (shift.value(34 * 391, RUN), shift.value(35 * 391, RUN)) == (0.1, 0.01)
    assert (absorb.value(29 * 391, RUN), absorb.value(30 * 391, RUN)) == (0.1, 0.01)


def test_the_set_up_commands_are_those_that_ci_uses() -> None:
    assert "\n    pip install -e '.[dev]' && pytest\n" in README
    script = (ROOT / ".ci" / "run").read_text()
    pattern = re.search(r"s/\^    \\\((.*?)\\\)\$/", script)
    assert pattern and "pip install -e" in pattern[1]

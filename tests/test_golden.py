"""`lrdsl check` on the files of `golden/` and `ok/`: what it prints, verbatim, and its silence.

A first line `# run: OPTIONS` gives options. `pytest --update-golden` rewrites the outputs.
"""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path

import pytest

from lrdsl.cli import main
from lrdsl.errors.codes import CODES

HERE = Path(__file__).parent
GOLDEN = sorted(path for path in (HERE / "golden").rglob("*.*") if path.suffix != ".out")
OK = sorted((HERE / "ok").rglob("*.yaml"))

# Limits have examples of thousands of characters, which `test_codes` runs; LRD019 and LRD020 are
# about library files, LRD106 is for expressions outside a config, LRD999 is a fault of ours.
ELSEWHERE = {f"LRD91{digit}" for digit in range(8)}
ELSEWHERE |= {"LRD019", "LRD020", "LRD021", "LRD106", "LRD999"}


def check(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    source = path.read_bytes().decode("utf-8", "replace")
    options = re.match(r"# run: (.*)", source)
    words = shlex.split(options[1]) if options else []
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.stdin", io.StringIO(source))
    name = "-" if path.suffix == ".expr" else path.relative_to(folder).as_posix()
    return main(["check", name, *words])


def name_of(path: Path) -> str:
    return path.relative_to(HERE).as_posix()


@pytest.mark.parametrize("path", GOLDEN, ids=name_of)
def test_output(
    path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = check(path, HERE / "golden", monkeypatch)
    shown = f"{capsys.readouterr().out}exit code {code}\n"
    expected = path.with_suffix(".out")
    if request.config.getoption("--update-golden"):
        expected.write_text(shown, encoding="utf-8", newline="\n")
    assert shown == expected.read_text(encoding="utf-8")


def test_every_golden_has_its_source() -> None:
    sources = {path.with_suffix("") for path in GOLDEN}
    assert {path.with_suffix("") for path in (HERE / "golden").rglob("*.out")} == sources


def test_every_code_has_a_golden() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (HERE / "golden").rglob("*.out"))
    assert set(re.findall(r"^\w+\[(LRD[0-9]+)\]", text, re.MULTILINE)) == set(CODES) - ELSEWHERE


def test_every_golden_shows_its_code() -> None:
    for path in GOLDEN:
        if path.name.startswith("LRD"):
            expected = path.name[:6]
            shown = path.with_suffix(".out").read_text(encoding="utf-8")
            assert f"[{expected}]" in shown or expected == "LRD106", path


@pytest.mark.parametrize("path", OK, ids=name_of)
def test_silence(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = check(path, HERE / "ok", monkeypatch)
    assert "[LRD" not in capsys.readouterr().out
    assert code in (0, 3)

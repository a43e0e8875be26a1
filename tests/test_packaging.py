"""A wheel and an editable install, made for real, both carry `grammar/` and `conf/`."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LOADS = """
import importlib.resources, json, lrdsl
from lrdsl.resources import read_resource, resource_dir
files = importlib.resources.files
print(json.dumps({
    "package": lrdsl.__file__,
    "grammar": (files("lrdsl.grammar") / "library.lrs").is_file(),
    "conf": (files("lrdsl.conf") / "config.yaml").is_file(),
    "schedules": len(list((resource_dir("conf") / "lrdsl" / "schedule").glob("*.yaml"))),
    "lark": len(read_resource("grammar", "lrdsl.lark")),
}))
"""


def run(*command: str | Path, **options: object) -> str:
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=600, **options  # type: ignore[call-overload]
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the source, so that nothing is left in the checkout."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    listed = run("git", "ls-files", "-co", "--exclude-standard", cwd=ROOT).splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    run(sys.executable, "-m", "build", "--outdir", out, source)
    assert len(list(out.glob("*.tar.gz"))) == 1
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_grammar_conf_and_types(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in ("lrdsl.lark", "parser_tables.json", "library.lrs"):
        assert f"lrdsl/grammar/{name}" in names
    shipped = {name.removeprefix("lrdsl/") for name in names if name.startswith("lrdsl/conf/")}
    assert shipped == {
        str(path.relative_to(ROOT))
        for path in (ROOT / "conf").rglob("*")
        if path.suffix in (".yaml", ".py")
    }
    tables = {path.relative_to(ROOT) for each in ("*.yaml", "*.toml")
              for path in (ROOT / "lrdsl").rglob(each)}  # fmt: skip
    assert tables and {path.as_posix() for path in tables} <= names
    assert "lrdsl/py.typed" in names
    assert not [
        name for name in names if name.startswith(("tests/", "tools/", "conf/", "grammar/"))
    ]


def test_an_installed_wheel_works(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    run(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", target, wheel)
    environment = {**os.environ, "PYTHONPATH": str(target)}
    import json

    found = json.loads(run(sys.executable, "-c", LOADS, cwd=tmp_path, env=environment))
    assert found["package"].startswith(str(target))
    assert found["grammar"] and found["conf"] and found["schedules"] >= 19 and found["lark"] > 1000
    shown = run(sys.executable, "-m", "lrdsl", "eval", "0.1 * 0.5^step", "--total-steps", "2",
                cwd=tmp_path, env=environment)  # fmt: skip
    assert "0.05" in shown


def test_an_editable_install_works(tmp_path: Path) -> None:
    import json

    run(sys.executable, "-m", "venv", tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", "--no-deps", "-e", ROOT)
    found = json.loads(run(python, "-c", LOADS, cwd=tmp_path))
    assert found["package"] == str(ROOT / "lrdsl" / "__init__.py")
    assert found["grammar"] and found["conf"] and found["schedules"] >= 19

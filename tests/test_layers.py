"""The architecture, held: imports go one way, and the light commands stay light."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import lark
import pytest
import yaml

import lrdsl
from lrdsl import Schedule, Timeline
from lrdsl.language.library import read_library, standard_library
from lrdsl.language.typecheck import check_definition
from lrdsl.language.user_library import problems as problems_of
from lrdsl.resources import read_resource, resource_dir

PACKAGE = Path(lrdsl.__file__).parent

# A file imports only from its own package and from those before it.
PACKAGES = [
    "resources", "errors", "timeline", "syntax", "language", "ir", "expand", "engines", "rates",
    "schedule", "keras", "torch", "convert", "configs", "check", "views",
    "hydra", "cli", "training",
]  # fmt: skip


def modules() -> dict[str, Path]:
    """Every file of the package, by the name it is imported with."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = path
    return found


MODULES = modules()


def imports_of(name: str) -> set[str]:
    """The files of this package that a file imports at module level, for type checkers, too."""
    names = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in () if inside else ast.iter_child_nodes(node):
            if isinstance(child, ast.ImportFrom) and (child.module or "").startswith("lrdsl"):
                home = (child.module or "").removeprefix("lrdsl").removeprefix(".")
                for alias in child.names:
                    inner = f"{home}.{alias.name}".removeprefix(".")
                    names.add(inner if inner in MODULES else home)
    return names - {"", name}


@pytest.mark.parametrize("name", [name for name in MODULES if name not in ("", "__main__")])
def test_imports_go_one_way(name: str) -> None:
    place = PACKAGES.index(name.partition(".")[0])
    later = {e for e in imports_of(name) if PACKAGES.index(e.partition(".")[0]) > place}
    assert not later


def test_no_files_import_each_other_in_a_circle() -> None:
    arrows = {name: imports_of(name) for name in MODULES}
    list(TopologicalSorter(arrows).static_order())  # raises CycleError


def loaded_by(code: str) -> set[str]:
    program = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


HEAVY = {
    "jax",
    "torch",
    "tensorflow",
    "keras",
    "numpy",
    "hydra",
    "omegaconf",
    "pydantic",
    "matplotlib",
}


def test_importing_is_light() -> None:
    assert not HEAVY & loaded_by("import lrdsl")
    assert "lark" not in loaded_by("import lrdsl")
    assert not (HEAVY - {"pydantic"}) & loaded_by("from lrdsl import Schedule; Schedule('0.1')")


def test_checking_is_light() -> None:
    code = "from lrdsl.language.user_library import problems; assert problems('cosine(flor(1))')"
    assert not HEAVY & loaded_by(code)


def test_evaluating_loads_no_tensorflow() -> None:
    code = (
        "from lrdsl import Schedule, Timeline\n"
        "Schedule('cosine(0.1)').values(Timeline(total_steps=10))"
    )
    assert not {"tensorflow", "keras", "hydra"} & loaded_by(code)


def test_the_grammar_has_no_conflict(caplog: pytest.LogCaptureFixture) -> None:
    grammar = read_resource("grammar", "lrdsl.lark")
    assert conflicts(grammar, caplog) == []
    ambiguous = grammar.replace("?sum: product ((PLUS | MINUS) product)*",
                                "?sum: product | sum PLUS sum | sum MINUS sum")  # fmt: skip
    assert ambiguous != grammar and conflicts(ambiguous, caplog)


def conflicts(grammar: str, caplog: pytest.LogCaptureFixture) -> list[str]:
    caplog.clear()
    level = lark.logger.level
    lark.logger.setLevel("DEBUG")
    lark.logger.addHandler(caplog.handler)
    try:
        lark.Lark(grammar, parser="lalr", lexer="basic", start=["start", "definition"], debug=True)
    except lark.exceptions.GrammarError as error:
        return [str(error)]
    finally:
        lark.logger.removeHandler(caplog.handler)
        lark.logger.setLevel(level)
    return [record.message for record in caplog.records if "onflict" in record.message]


@pytest.mark.parametrize("name", standard_library())
def test_library_definitions_are_well_typed_and_documented(name: str) -> None:
    function = standard_library()[name]
    assert check_definition(function) == []
    assert function.doc.endswith(".") and len(function.doc) > 20
    assert name in function.example and problems_of(function.example) == []
    doc = function.doc + "".join(
        other.doc for other in standard_library().values() if f"`{other.name}`" in function.doc
    )
    for parameter in function.signature.parameters:
        assert re.search(rf"\b{parameter.name}\b", doc), parameter.name


def test_a_wrong_definition_is_found() -> None:
    (bad,) = read_library("# Doc.\nbad(a, b: time) = a + b + c\n", "mine.lrs")
    assert [each.code for each in check_definition(bad)] == ["LRD010", "LRD101"]
    spans = [each.span for each in check_definition(bad)]
    text = bad.text
    assert [text[span.start : span.end] for span in spans] == ["c", "b"]


def test_no_code_is_executed() -> None:
    """Nothing in the language's own files evaluates text as Python."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec", "compile", "__import__"}, path


def test_every_named_schedule_has_a_config_file() -> None:
    factors = {"building blocks", "warm-ups"}
    names = {f.name for f in standard_library().values() if f.signature.group not in factors}
    files = {path.stem for path in (resource_dir("conf") / "lrdsl" / "schedule").glob("*.yaml")}
    assert names <= files


@pytest.mark.parametrize("file", sorted(resource_dir("conf").glob("lrdsl/schedule/*.yaml")))
def test_config_files_are_good_schedules(file: Path) -> None:
    schedule = Schedule.model_validate(yaml.safe_load(file.read_text()))
    run = Timeline(steps_per_epoch=100, epochs=20, batch_size=64)
    assert [each for each in schedule.check(run) if each.severity == "error"] == []
    assert [each.code for each in schedule.check()] == []

"""The architecture, held: imports go one way, and the light commands stay light."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import lark
import pytest
import yaml

import lrdsl
from lrdsl import Schedule, Timeline
from lrdsl.language.library import read_library, standard_library
from lrdsl.language.typecheck import check_definition
from lrdsl.language.typecheck import problems as problems_of
from lrdsl.resources import read_resource, resource_dir

PACKAGE = Path(lrdsl.__file__).parent

# A file imports only from files before it, at module level. `recur` is tabulated by the
# reference engine, so that one comes before the expander.
ORDER = [
    "errors.diagnostics", "errors.rendering", "resources", "syntax.tree", "syntax.units",
    "syntax.limits", "syntax.syntax_errors", "syntax.tree_builder", "syntax.parser",
    "syntax.formatter", "language.builtins", "language.suggestions", "language.arguments",
    "language.params", "language.library", "language.call_graph", "language.scope",
    "language.names", "language.operator_types", "language.list_checks", "language.typecheck",
    "language.user_library", "constants", "core",
    "shapes", "graph", "engines.python", "engines.intervals", "values", "lowering", "sharp",
    "conditions", "elementary", "cancelling", "arithmetic", "limits", "clocks", "scopes",
    "operators", "lists", "sequences", "moments", "expander", "timeline", "factors",
    "narrowing", "binding", "engines.numpy", "laps", "intervals", "pieces", "specialising",
    "stretches", "certificates", "engines.settling", "engines.actions", "engines.blocks",
    "engines.levels", "engines.runs", "fading", "lifting", "costs", "tables",
    "engines.emission", "engines.tensorflow", "engines.jax", "engines.torch", "extremes",
    "jumps", "bounds", "schedule", "keras", "torch",
]  # fmt: skip


def imports_of(path: Path) -> set[str]:
    """The modules of this package that a file imports at module level, outside TYPE_CHECKING."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lrdsl"):
            parent = (node.module or "").removeprefix("lrdsl").removeprefix(".")
            names |= {parent} if parent else {alias.name for alias in node.names}
    return names


@pytest.mark.parametrize("name", ORDER)
def test_imports_go_one_way(name: str) -> None:
    path = PACKAGE / (name.replace(".", "/") + ".py")
    known = imports_of(path) & set(ORDER)
    later = {each for each in known if ORDER.index(each) >= ORDER.index(name)}
    assert not later


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
    code = "from lrdsl.language.typecheck import problems; assert problems('cosine(flor(1))')"
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

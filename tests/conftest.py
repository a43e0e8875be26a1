"""`pytest -m quick`, `--update-golden`, and hypothesis, which tries the same examples every time.

`--hypothesis-profile=random` looks for new ones.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# `pytest -m quick`: the language, its commands and its rates, in a minute and without TensorFlow.
QUICK = {
    "test_cli.py",
    "test_codes.py",
    "test_conformance.py",
    "test_docs.py",
    "test_files.py",
    "test_formatter.py",
    "test_golden.py",
    "test_layers.py",
    "test_parser.py",
    "test_peers.py",
    "test_schedule.py",
    "test_streams.py",
    "test_typecheck.py",
    "test_units.py",
    "test_values.py",
}

settings.register_profile(
    "repeatable", deadline=None, suppress_health_check=list(HealthCheck), print_blob=True,
    derandomize=True,
)  # fmt: skip
settings.register_profile("random", settings.get_profile("repeatable"), derandomize=False)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden/*.out")


def pytest_configure() -> None:
    missing = {name for name in QUICK if not Path(__file__).with_name(name).exists()}
    if missing:
        raise pytest.UsageError(f"QUICK in conftest.py names no file: {', '.join(missing)}")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The quick tests do not even import the other files, which load TensorFlow."""
    is_other = collection_path.suffix == ".py" and collection_path.name not in QUICK
    return True if is_other and config.option.markexpr == "quick" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        parameters = getattr(item, "callspec", None)
        engine = parameters.params.get("engine") if parameters else None
        if item.path.name in QUICK and engine in (None, "python", "numpy"):
            item.add_marker(pytest.mark.quick)

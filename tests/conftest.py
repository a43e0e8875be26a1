"""The flag `--update-golden`, and how hypothesis runs: with the same examples every time.

`--hypothesis-profile=random` looks for new ones.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "repeatable", deadline=None, suppress_health_check=list(HealthCheck), print_blob=True,
    derandomize=True,
)  # fmt: skip
settings.register_profile("random", settings.get_profile("repeatable"), derandomize=False)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden/*.out")

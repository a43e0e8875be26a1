"""lrdsl: a learning-rate schedule is one string, checked and compiled.

Importing it is cheap: pydantic, NumPy and TensorFlow are loaded by what needs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lrdsl.errors.diagnostics import Diagnostic, ScheduleError
    from lrdsl.schedule import Schedule
    from lrdsl.timeline import Timeline

__version__ = "0.1.0"
__all__ = ["Diagnostic", "Schedule", "ScheduleError", "Timeline", "__version__"]

_HOMES = {
    "Diagnostic": "errors.diagnostics",
    "Schedule": "schedule",
    "ScheduleError": "errors.diagnostics",
    "Timeline": "timeline",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"lrdsl.{_HOMES[name]}"), name)

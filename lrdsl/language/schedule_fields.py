"""What stands for a schedule in data, a text, a number or a mapping, as fields of `Schedule`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from lrdsl.language.params import parameter_node
from lrdsl.timeline import as_dict, plain_number


class FrozenDict(dict[str, Any]):
    """A mapping of a frozen model: nothing in it changes, and order makes no difference."""

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("a schedule does not change; make another one")

    __setitem__ = __delitem__ = __ior__ = _refuse
    update = setdefault = pop = popitem = clear = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> Any:
        return type(self), (dict(self),)


def read_fields(value: Any) -> Any:
    """A text, a number or a mapping as the fields of a schedule; anything else as it is.

    Raises ValueError for a mapping of other things, which pydantic would not say as clearly.
    """
    if not isinstance(value, Mapping):
        text = _text(value)
        return {"expr": text} if isinstance(text, str) else value
    given = as_dict(value)
    if not all(isinstance(name, str) for name in given):
        raise ValueError("the keys of a schedule are `expr`, `params` and `library`")
    fields = {
        name: each for name, each in given.items() if each is not None or name not in _READERS
    }
    if isinstance(fields.get("expr"), Mapping):
        raise ValueError("`expr` is a text or a number, not a mapping")
    if not isinstance(fields.get("library", {}), Mapping):
        raise ValueError(
            "`library` holds the texts of library files by name; "
            "only `lrdsl.Schedule(..., library=PATH)` reads a file"
        )
    return fields | {name: _READERS[name](fields[name]) for name in fields.keys() & _READERS}


def _params(value: Any) -> Any:
    """The values of `params`; raises ScheduleError (LRD017) for one that is no number or time."""
    if not isinstance(value, Mapping):
        return value
    params = {name: _finite(each) for name, each in as_dict(value).items()}
    for name, each in params.items():
        if isinstance(name, str):  # else pydantic refuses the name
            parameter_node(name, each)
    return params


def _text(value: Any) -> Any:
    """A number as the text of a constant schedule; anything else as it is."""
    number = _finite(value)
    return repr(number) if type(number) in (int, float) else value


def _finite(value: Any) -> Any:
    """A number as Python has it; an integer that no float64 holds is infinite, and so refused."""
    number = plain_number(value)
    beyond = type(number) is int and abs(number) > sys.float_info.max
    return float("inf") if beyond else number


_READERS = {"expr": _text, "params": _params, "library": as_dict}

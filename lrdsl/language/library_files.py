"""Library files: the paths that a person gives, to their texts; nothing else opens one."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from typing import Any

from lrdsl.errors.diagnostics import Diagnostic, ScheduleError, Span

LARGEST = 2**20  # bytes


def read_library_files(given: Any, where: str = "library") -> Mapping[Any, Any]:
    """A path, or a list of paths, to the name and text of each file; a mapping stays as it is.

    None is no file. Raises ScheduleError (LRD021), placed at `where`, for what is no path and
    for a file that cannot be read.
    """
    if given is None or isinstance(given, Mapping):
        return given or {}
    paths = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    if not all(isinstance(path, str | os.PathLike) for path in paths):
        raise not_a_library(given, where)
    return {str(path): read_library_file(path, where) for path in paths}


def read_library_file(path: str | os.PathLike[str], where: str = "library") -> str:
    """The text of a library file: a regular one, of at most 1 MiB of UTF-8; else ScheduleError.

    Nothing but a regular file is opened: a pipe makes its reader wait, and a device may be endless.
    """
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            reason = "not a regular file"
        elif found.st_size > LARGEST:
            reason = "larger than 1 MiB"
        else:
            with open(path, encoding="utf-8") as file:
                return file.read(LARGEST)
    except OSError as error:
        reason = error.strerror or str(error)
    except UnicodeDecodeError:
        reason = "not UTF-8"
    except ValueError:  # a null character, or half of a surrogate pair
        reason = "no file has such a name"
    message, text = f"`{path}` cannot be read: {reason}", str(path)
    raise ScheduleError([Diagnostic("LRD021", message, Span(0, max(len(text), 1)))], text, where)


def not_a_library(given: Any, where: str = "library") -> ScheduleError:
    """What is no library: neither a path, nor a list of paths, nor a mapping of name to text."""
    text = type(given).__name__
    message = "a library is a path, a list of paths, or a mapping of name to text"
    return ScheduleError([Diagnostic("LRD021", message, Span(0, len(text)))], text, where)

"""Work shared among the machine's processors, by copies of this process."""

from __future__ import annotations

import io
import os
import pickle
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import TypeVar

T = TypeVar("T")


def processors() -> int:
    """How many processes can run at once; 1 where a process cannot be copied."""
    if not hasattr(os, "fork") or not hasattr(os, "sched_getaffinity"):
        return 1
    return len(os.sched_getaffinity(0))


def begin(work: Callable[[], T]) -> Callable[[], T]:
    """Start `work` in a copy of this process.

    The function that comes back waits for its end, prints what it printed and returns what it
    returned. Work that failed there is done again here, where its exception belongs.
    """
    sys.stdout.flush()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _send(work, writer)
    os.close(writer)

    def end() -> T:
        with open(reader, "rb") as file:
            data = file.read()
        os.waitpid(child, 0)
        if not data:
            return work()
        printed, result = pickle.loads(data)  # from this pipe only
        sys.stdout.write(printed)
        return result  # type: ignore[no-any-return]

    return end


def _send(work: Callable[[], object], writer: int) -> None:
    """Run `work` in the copy, whose own output nobody reads."""
    try:
        with redirect_stdout(io.StringIO()) as printed:
            result = work()
        data = pickle.dumps((printed.getvalue(), result))
        with open(writer, "wb") as file:
            file.write(data)
    finally:
        os._exit(0)

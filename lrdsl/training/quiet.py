"""TensorFlow's greetings, kept off the terminal."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_GREETING = re.compile(
    rb"WARNING: All log messages before|[IW]\d{4} \d|To enable the following instructions|"
    rb".*Unable to register cu\w+ (plugin )?factory"
)


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what is written to stderr, by C++ too, and drop TensorFlow's notices from it.

    Its variable for the log level does not reach what it says while it is imported.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            held.seek(0)
            kept = [line for line in held if not _GREETING.match(line)]
            os.write(2, b"".join(kept))

"""How a command ends: the exit codes, and a mistake in the command line."""

from __future__ import annotations

CLEAN, FINDINGS, FAILED, NOTHING = range(4)
CLOSED_PIPE, INTERRUPTED = 141, 130  # as a shell reports a command ended by these signals


class Usage(Exception):
    """A mistake in the command line, as a sentence."""

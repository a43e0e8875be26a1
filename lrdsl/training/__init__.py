"""The training application: a Hydra config to a trained Keras model and its records."""

from __future__ import annotations

import sys

_NEEDED = {"hydra", "omegaconf", "tensorflow", "keras", "sklearn", "matplotlib", "tensorboard"}


def main() -> None:
    """The command `lrdsl-train`, or what to install for it."""
    try:
        from lrdsl.training.app import main as start

        start()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _NEEDED:
            raise
        print(
            f"error: training needs `{error.name}`, which is not installed\n"
            "  = help: pip install 'lrdsl[train]'",
            file=sys.stderr,
        )
        sys.exit(1)

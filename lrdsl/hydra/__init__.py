"""Hydra with schedules: `from lrdsl import hydra`, then `@hydra.main(...)` as ever.

Everything else of Hydra is here, too: `hydra.utils`, `hydra.compose`, `hydra.initialize`, ...
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from lrdsl.configs.hydra_values import quote
from lrdsl.hydra.config_source import LrdslSearchPathPlugin
from lrdsl.hydra.hooks import in_sweep, install, overrides, stop
from lrdsl.hydra.resolvers import constant, register, slug
from lrdsl.hydra.schedules import ConfigError, resolve
from lrdsl.hydra.words import SCHEDULE_KEYS

__all__ = [
    "SCHEDULE_KEYS", "ConfigError", "LrdslSearchPathPlugin", "constant", "in_sweep", "install",
    "main", "overrides", "quote", "resolve", "slug",
]  # fmt: skip


def main(
    *args: Any, schedule_keys: Sequence[str] = SCHEDULE_KEYS, **kwargs: Any
) -> Callable[[Callable[[DictConfig], Any]], Any]:
    """`hydra.main`, whose command line takes bare expressions and names of schedules.

    Every schedule is checked before the first job starts and again, resolved, inside the job.
    `schedule_keys` says where schedules stand; see `SCHEDULE_KEYS`.
    """

    with_config = hydra.main(*args, **kwargs)

    def decorate(task: Callable[[DictConfig], Any]) -> Any:
        run = with_config(_Task(task, schedule_keys))

        @functools.wraps(task)
        def decorated(cfg_passthrough: DictConfig | None = None) -> Any:
            before = install(schedule_keys)
            try:
                return run(cfg_passthrough)
            finally:
                install(before)

        return decorated

    return decorate


class _Task:
    """A decorated function; in another process, it brings along how its overrides are read."""

    def __init__(self, task: Callable[[DictConfig], Any], keys: Sequence[str]) -> None:
        functools.update_wrapper(self, task)
        self.task, self.keys = task, keys

    def __call__(self, cfg: DictConfig) -> Any:
        try:
            resolve(cfg, self.keys)
        except ConfigError as error:
            if not HydraConfig.initialized() or in_sweep(HydraConfig.get()):
                raise
            stop(error)
        return self.task(cfg)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        install(self.keys)


def __getattr__(name: str) -> Any:
    return getattr(hydra, name)


register()

"""Hydra with schedules: `from lrdsl import hydra`, then `@hydra.main(...)` as ever."""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf

from lrdsl.configs.hydra_overrides import quote, rewrite
from lrdsl.configs.hydra_words import SCHEDULE_KEYS
from lrdsl.hydra.prelaunch import App
from lrdsl.hydra.schedules import ConfigError, named, resolve

if TYPE_CHECKING:
    from hydra.core.config_search_path import ConfigSearchPath

__all__ = [
    "SCHEDULE_KEYS",
    "ConfigError",
    "LrdslSearchPathPlugin",
    "install",
    "main",
    "overrides",
    "quote",
    "resolve",
    "slug",
]

_UNSET: Any = object()
# The names and functions that know nothing of a run.
_FIXED = {"pi", "abs", "min", "max", "clamp", "floor", "ceil", "round", "sqrt", "exp", "log"}
_FIXED |= {"sin", "cos", "tanh", "mod"}


def main(
    config_path: str | None = _UNSET,
    config_name: str | None = None,
    version_base: str | None = _UNSET,
    *,
    schedule_keys: Sequence[str] = SCHEDULE_KEYS,
    **kwargs: Any,
) -> Callable[[Callable[[DictConfig], Any]], Any]:
    """`hydra.main`, whose command line takes bare expressions and names of schedules.

    Every schedule is checked before the first job starts and again, resolved, inside the job.
    """
    import hydra

    given = {"config_path": config_path, "version_base": version_base}
    kwargs |= {name: value for name, value in given.items() if value is not _UNSET}
    with_config = hydra.main(config_name=config_name, **kwargs)
    path = None if config_path is _UNSET else config_path
    version = () if version_base is _UNSET else (version_base,)

    def decorate(task: Callable[[DictConfig], Any]) -> Any:
        @functools.wraps(task)
        def checked(cfg: DictConfig) -> Any:
            return task(_resolved(cfg, schedule_keys))

        run = with_config(checked)
        app = App(task, tuple(schedule_keys), path, config_name, version)

        @functools.wraps(task)
        def decorated(cfg_passthrough: DictConfig | None = None) -> Any:
            if cfg_passthrough is not None:
                return run(cfg_passthrough)
            _register_plugin()
            sys.argv[1:] = app.prepare(sys.argv[1:])
            return run()

        return decorated

    return decorate


def _resolved(cfg: DictConfig, keys: Sequence[str]) -> DictConfig:
    """`resolve` inside a job; a single run ends with the message alone, a sweep is told."""
    from hydra.core.hydra_config import HydraConfig

    try:
        return resolve(cfg, keys)
    except ConfigError as error:
        if not HydraConfig.initialized() or in_sweep(HydraConfig.get()):
            raise
        print(error, file=sys.stderr)
        raise SystemExit(1) from None


def in_sweep(job: DictConfig) -> bool:
    """Whether a job, given by its Hydra config, is one of a sweep."""
    return str(job.mode).endswith("MULTIRUN")


def overrides(words: Sequence[str], keys: Sequence[str] = SCHEDULE_KEYS) -> list[str]:
    """The overrides for Hydra's `compose`, written as on the command line."""
    return rewrite(words, keys, named)


def install() -> None:
    """Let every override of this process be a bare expression; also those in YAML sweeps.

    This changes a class of Hydra's, so nothing but a call of yours does it.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    _register_plugin()
    original = OverridesParser.parse_rule
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def parse_rule(self: Any, s: str, rule_name: str) -> Any:
        try:
            return original(self, s, rule_name)
        except HydraException:
            word = rewrite([s])[0] if rule_name == "override" else s
            if word == s:
                raise
            return original(self, word, rule_name)

    OverridesParser.parse_rule = parse_rule


class LrdslSearchPathPlugin(SearchPathPlugin):  # type: ignore[misc]
    """Gives every app the group `lrdsl/schedule`, and nothing else."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        from hydra.core.plugins import Plugins

        from lrdsl.hydra.config_source import NamedSchedules

        Plugins.instance().register(NamedSchedules)
        search_path.append(provider="lrdsl", path="lrdsl://schedules")


def _register_plugin() -> None:
    from hydra.core.plugins import Plugins

    plugins = Plugins.instance()
    if LrdslSearchPathPlugin not in plugins.discover(SearchPathPlugin):
        plugins.register(LrdslSearchPathPlugin)


def slug(schedule: Any) -> str:
    """A schedule as part of a file name: readable, short, and its own for every schedule."""
    text = str(schedule)
    if isinstance(schedule, Mapping | DictConfig):
        text = " ".join(str(each) for each in (schedule.get("expr"), schedule.get("params") or ""))
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")
    if readable and readable == text and len(text) <= 40:
        return readable
    return f"{readable[:40].rstrip('-.')}-{sha256(text.encode()).hexdigest()[:8]}".lstrip("-")


def constant(text: Any) -> float | int:
    """The value of a constant expression: what `${lrdsl:"5e4 // 128 * 90"}` stands for."""
    from lrdsl import Schedule, Timeline
    from lrdsl.language.builtins import NAMES
    from lrdsl.language.library import STANDARD

    words = set(re.findall(r"[A-Za-z_]\w*", str(text)))
    moving = sorted(words & {*NAMES, *STANDARD.names()} - _FIXED)
    if moving:
        raise ValueError(f"`{text}` is not a constant: `{moving[0]}` depends on the run")
    value = float(Schedule(str(text)).value(0, Timeline()))
    return int(value) if value.is_integer() else value


def _register_resolvers() -> None:
    # omegaconf 2.4 gave the name of a long deprecated method to the successor of the other.
    register = OmegaConf.register_resolver
    if "replace" not in inspect.signature(register).parameters:
        register = OmegaConf.register_new_resolver
    register("lrdsl", constant, replace=True)
    register("lrdsl.slug", slug, replace=True)


_register_resolvers()

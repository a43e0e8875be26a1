"""Where Hydra is told of schedules: as it parses overrides, applies them, and begins to run.

Hydra has no public hook at these three points. A change of the command line before Hydra would
have to guess its options and its groups, to compose every config twice, and to hope for the order
in which a sweeper writes the words of a job.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn

from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from lrdsl.configs.hydra_values import quoted
from lrdsl.hydra.config_source import register_plugin
from lrdsl.hydra.schedules import ConfigError, broken, find_node, named, put, repository
from lrdsl.hydra.words import SCHEDULE_KEYS, is_schedule_key, keep_quotes, parse, readable

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from lrdsl.errors.diagnostics import ScheduleError

_keys: Sequence[str] = ()  # of the app that runs; none while Hydra is left alone
_MANY = 1000  # values of one sweep that are checked


def install(schedule_keys: Sequence[str] = SCHEDULE_KEYS) -> Sequence[str]:
    """Let Hydra read schedules in the whole process: in `compose`, and in apps of others.

    This changes classes of Hydra's, so nothing but a call of yours does it for good. Returns the
    keys that were in force before; none of them is Hydra left alone.
    """
    from hydra._internal.callbacks import Callbacks
    from hydra._internal.config_loader_impl import ConfigLoaderImpl

    global _keys
    before, _keys = _keys, tuple(schedule_keys)
    register_plugin()
    _hook(OverridesParser, "parse_overrides", _parse)
    _hook(ConfigLoaderImpl, "_apply_overrides_to_config", _apply)
    # Made right before a run or a sweep; what a callback raises is no more than a warning.
    _hook(Callbacks, "__init__", _start)
    return before


def _hook(owner: Any, name: str, around: Callable[..., Any]) -> None:
    original = getattr(owner, name)
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def hooked(*args: Any, **kwargs: Any) -> Any:
        return around(original, *args, **kwargs) if _keys else original(*args, **kwargs)

    is_static = isinstance(inspect.getattr_static(owner, name), staticmethod)
    setattr(owner, name, staticmethod(hooked) if is_static else hooked)


class Waiting(Override):  # type: ignore[misc]
    """A word inside a schedule that is swept over: it is applied in the jobs, as the sweep is."""


def _parse(original: Callable[..., Any], parser: Any, overrides: list[str]) -> list[Override]:
    """Parse a command line, with what Hydra refuses in quotes."""
    try:
        parsed = original(parser, overrides)
    except HydraException:
        parsed = original(parser, [readable(word, _keys) for word in overrides])
    swept = [each for each in parsed if each.is_sweep_override() and _is_whole(each, _keys)]
    inside = tuple(f"{each.key_or_group}." for each in swept)
    return [
        Waiting(**vars(each))
        if each.key_or_group.startswith(inside) and not each.is_sweep_override()
        else keep_quotes(each)
        for each in parsed
    ]


def _is_whole(override: Override, keys: Sequence[str]) -> bool:
    """Whether a word gives a whole schedule: `KEY=...`, the key being ours and no group."""
    key = override.key_or_group
    is_ours = not (override.is_delete() or override.package) and is_schedule_key(key, keys)
    return is_ours and not repository().group_exists(key)


def _apply(original: Callable[..., Any], overrides: list[Override], cfg: DictConfig) -> None:
    """Apply overrides to a config, whole schedules as mappings."""
    given = {each.key_or_group for each in overrides}
    for each in _in_order(overrides, _keys):
        params = OmegaConf.select(cfg, "hydra.sweeper.params") if in_sweep(cfg.hydra) else None
        swept = tuple(f"{key}." for key in params or () if key not in given)
        if isinstance(each, Waiting) or each.key_or_group.startswith(swept):
            continue
        schedule = _schedule(each, overrides, _keys, cfg)
        if schedule is None:
            original([each], cfg)
        elif find_node(cfg, each.key_or_group, cfg) is cfg:  # Hydra adds or refuses it
            original([replace(each, _value=schedule)], cfg)
        else:
            put(cfg, each.key_or_group, schedule)


def _in_order(overrides: Sequence[Override], keys: Sequence[str]) -> list[Override]:
    """The overrides, Hydra's own first, and no word inside a schedule before its whole."""
    words = sorted(overrides, key=lambda each: not each.is_hydra_override())
    whole = {f"{each.key_or_group}.": i for i, each in enumerate(words) if _is_whole(each, keys)}

    def place(index: int) -> float:
        key = words[index].key_or_group
        return max([index, *(i + 0.5 for start, i in whole.items() if key.startswith(start))])

    return [words[index] for index in sorted(range(len(words)), key=place)]


def _schedule(
    override: Override, overrides: Sequence[Override], keys: Sequence[str], cfg: Any = None
) -> Any:
    """The mapping that a word puts in place of a whole schedule; None for plain values.

    A name does so under a key that is written out in `keys`, or when other words give a param
    of it; so does an expression, then.
    """
    key, value = override.key_or_group, override.value()
    if override.is_sweep_override() or not _is_whole(override, keys):
        return None
    start = f"{key}.params."
    inside = [each.key_or_group for each in overrides if each.key_or_group.startswith(start)]
    params = dict.fromkeys(each.removeprefix(start) for each in inside)
    if isinstance(value, str):
        known = named(value, repository(cfg)) if key in keys or params else None
        return known or ({"expr": value, "params": params} if params else None)
    return value if isinstance(value, dict) and "expr" in value else None


def overrides(words: Sequence[str], keys: Sequence[str] = SCHEDULE_KEYS) -> list[str]:
    """The overrides for Hydra's `compose` without `install`, written as on the command line."""
    words = [readable(word, keys) for word in words]
    parsed = [each for word in words if (each := parse(word))]
    if len(parsed) < len(words):
        return words  # Hydra tells what is wrong
    result = []
    for each in _in_order(parsed, keys):
        start = f"{each.key_or_group}."
        schedule = _schedule(each, parsed, keys)
        result.append(str(each.input_line))
        if schedule and any(other.key_or_group.startswith(start) for other in parsed):
            result.append(f"{start[:-1]}={_spelled(schedule)}")
    return result


def _spelled(value: Any) -> str:
    """A value in Hydra's override grammar."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_spelled(each)}" for key, each in value.items()) + "}"
    return quoted(value) if isinstance(value, str) else "null" if value is None else str(value)


def _start(original: Callable[..., Any], callbacks: Any, config: DictConfig | None = None) -> None:
    """Refuse a run or a sweep in whose configs a schedule is broken."""
    if config is not None:
        errors = (_broken_in_sweep if in_sweep(config.hydra) else broken)(config, _keys)
        if errors:
            stop(ConfigError(errors))
    original(callbacks, config)


def stop(error: ConfigError) -> NoReturn:
    """End the process with the message alone."""
    print(error, file=sys.stderr)
    raise SystemExit(1) from None


def in_sweep(job: DictConfig) -> bool:
    """Whether a job, given by its Hydra config, is one of a sweep."""
    return str(job.mode).endswith("MULTIRUN")


def _broken_in_sweep(cfg: DictConfig, keys: Sequence[str]) -> list[ScheduleError]:
    """What is wrong in jobs that have every value of every sweep, not every combination."""
    loader = GlobalHydra.instance().config_loader()
    params = OmegaConf.select(cfg, "hydra.sweeper.params") or {}
    words = [f"{key}={value}" for key, value in params.items() if isinstance(value, str)]
    try:
        parsed = OverridesParser.create(loader).parse_overrides([*words, *cfg.hydra.overrides.task])
    except HydraException:
        return []  # the sweeper tells it better
    values = list({each.get_key_element(): _values(each) for each in parsed}.values())
    jobs = [[each[0] for each in values]]
    for index, each in enumerate(values):
        jobs += [[*jobs[0][:index], value, *jobs[0][index + 1 :]] for value in each[1:]]
    errors: list[ScheduleError] = []
    for job in jobs:
        try:
            errors += broken(loader.load_sweep_config(cfg, job), keys)
        except (HydraException, OmegaConfBaseException):
            continue  # so do Hydra and OmegaConf
    return errors


def _values(override: Override) -> list[str]:
    """The words of the jobs, up to `_MANY`, that a word of a sweep stands for."""
    texts: list[str] = []
    if override.is_discrete_sweep():
        texts = list(islice(override.sweep_string_iterator(), _MANY))
    elif override.is_sweep_override():
        texts = [str(getattr(override.value(), "start", 0))]
    return [f"{override.get_key_element()}={text}" for text in texts] or [str(override.input_line)]

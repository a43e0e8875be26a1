"""What happens to the command line of a Hydra app before Hydra sees it."""

from __future__ import annotations

import argparse
import inspect
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from lrdsl.configs.hydra_grammar import parse_override
from lrdsl.configs.hydra_overrides import lost_in_call, rewrite, rewrite_word
from lrdsl.configs.hydra_words import overrides_of
from lrdsl.errors.diagnostics import ScheduleError
from lrdsl.hydra.schedules import broken, named, searched

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

# With these Hydra neither runs a job nor wants anything but its own words.
_ASIDE = {"-sc", "--shell-completion", "-h", "--help", "--hydra-help", "--version"}
_SHOW = {"-c", "--cfg", "-i", "--info", "--experimental-rerun"}
_MANY = 1000


@dataclass(frozen=True)
class App:
    """A decorated function and where its config is."""

    task: Callable[..., Any]
    keys: tuple[str, ...]
    config_path: str | None = None
    config_name: str | None = None
    version: tuple[str | None, ...] = ()  # `version_base`, when one was given

    def prepare(self, words: list[str]) -> list[str]:
        """The words for Hydra; ends the process when a schedule among them is broken."""
        if _ASIDE & set(words):
            return words
        words = rewrite(words, self.keys)
        _refuse_lost(words)
        try:
            with self._opened(words):
                words, errors = self._examined(words)
        except Exception:
            # Whatever is wrong with the app's config, Hydra meets it next and tells it better.
            return rewrite(words, self.keys, named)
        if errors and not _SHOW & set(words):
            _stop("\n\n".join(dict.fromkeys(map(str, errors))))
        return words

    def _opened(self, words: Sequence[str]) -> AbstractContextManager[None]:
        """Hydra's compose API, at home where the app's config is."""
        import hydra

        path = _options(words).config_path or self.config_path
        base = {"version_base": self.version[0]} if self.version else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if path is None:
                return hydra.initialize(config_path=None, **base)  # type: ignore[no-any-return]
            if path.startswith("pkg://"):
                module = path.removeprefix("pkg://").replace("/", ".")
                return hydra.initialize_config_module(module, **base)  # type: ignore[no-any-return]
            home = Path(inspect.getfile(inspect.unwrap(self.task))).parent
            return hydra.initialize_config_dir(str((home / path).resolve()), **base)  # type: ignore[no-any-return]

    def _examined(self, words: list[str]) -> tuple[list[str], list[ScheduleError]]:
        """The words with names spelled out, and the errors of every job's config."""
        options = _options(words)
        name = options.config_name or self.config_name
        place: list[str] = []
        if options.config_dir:
            place = [f"hydra.searchpath=['file://{Path(options.config_dir).resolve()}']"]
        here = [*place, *overrides_of(words)]
        token = searched.set(_sources(name, place) or _sources(name, here))
        try:
            words = rewrite(words, self.keys, named)
            return words, list(self._broken(name, [*place, *overrides_of(words)]))
        finally:
            searched.reset(token)

    def _broken(self, name: str | None, words: Sequence[str]) -> Iterator[ScheduleError]:
        """The errors of every job's config, each value of a sweep at least once."""
        for job in _jobs([*_sweeps_in_yaml(name, words), *words]):
            cfg = _compose(name, job)
            if cfg is not None:
                yield from broken(cfg, self.keys)


def _compose(name: str | None, words: Sequence[str], **options: bool) -> Any:
    """The config, or None where Hydra refuses; it will say so itself."""
    from hydra import compose
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    try:
        return compose(name, overrides=list(words), **options)
    except (HydraException, OmegaConfBaseException):
        return None


def _sources(name: str | None, words: Sequence[str]) -> Sequence[Any]:
    """Everywhere that this app's configs come from."""
    cfg = _compose(name, next(_jobs(words)), return_hydra_config=True)
    return cfg.hydra.runtime.config_sources if cfg is not None else ()


def _sweeps_in_yaml(name: str | None, words: Sequence[str]) -> list[str]:
    """What `hydra.sweeper.params` sweeps over, as words."""
    from omegaconf import OmegaConf

    cfg = _compose(name, next(_jobs(words)), return_hydra_config=True)
    params = OmegaConf.select(cfg, "hydra.sweeper.params") if cfg is not None else None
    return [rewrite_word(f"{key}={value}") for key, value in (params or {}).items()]


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--config-path", "-cp")
    parser.add_argument("--config-name", "-cn")
    parser.add_argument("--config-dir", "-cd")
    return parser.parse_known_args(list(words))[0]


def _jobs(words: Sequence[str]) -> Iterator[list[str]]:
    """Override lists in which every value of every sweep occurs, not every combination."""
    values = [_values(word) for word in words]
    first = [each[0] for each in values]
    yield first
    for index, each in enumerate(values):
        for value in each[1:]:
            yield [*first[:index], value, *first[index + 1 :]]


def _values(word: str) -> list[str]:
    from hydra.core.global_hydra import GlobalHydra

    override = parse_override(word)
    if override is None or not override.is_sweep_override():
        return [word]
    override.config_loader = GlobalHydra.instance().config_loader()
    texts = list(islice(_texts(override), _MANY))
    return [f"{override.get_key_element()}={text}" for text in texts] or [word]


def _texts(override: Override) -> Iterator[str]:
    if override.is_discrete_sweep():
        yield from override.sweep_string_iterator()
    else:
        yield str(getattr(override.value(), "start", 0))


def _refuse_lost(words: Sequence[str]) -> None:
    for word in overrides_of(words):
        function = lost_in_call(word)
        if function:
            key = word.partition("=")[0]
            _stop(
                f"error: Hydra's `{function}(...)` drops the quotes around an expression\n"
                f"  = help: sweep with commas alone: `{key}=A,B`"
            )


def _stop(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise SystemExit(1)

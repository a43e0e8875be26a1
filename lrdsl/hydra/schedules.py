"""The schedules inside a composed config: where they are, what their names mean, what is wrong."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.errors import CompactHydraException
from omegaconf import DictConfig, ListConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import OmegaConfBaseException

from lrdsl.configs.hydra_words import SCHEDULE_KEYS
from lrdsl.errors.diagnostics import Diagnostic, ScheduleError, Span
from lrdsl.resources import resource_dir

if TYPE_CHECKING:
    from lrdsl.language.user_library import Files

GROUP = "lrdsl/schedule"
LIBRARY = "lrdsl.library"  # the key that names library files
Sources = Sequence[Any]  # as in `hydra.runtime.config_sources`


class ConfigError(ScheduleError, CompactHydraException):  # type: ignore[misc]
    """Every broken schedule of a config; Hydra prints it without a traceback."""

    def __init__(self, errors: Sequence[ScheduleError]) -> None:
        super().__init__([found for each in errors for found in each.diagnostics])
        self.errors = tuple(errors)
        self.args = (self.errors,)

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.errors))


def resolve(cfg: DictConfig, keys: Sequence[str] = SCHEDULE_KEYS) -> DictConfig:
    """`cfg` itself, each name of a schedule replaced by the schedule; or `ConfigError`."""
    errors = broken(cfg, keys)
    if errors:
        raise ConfigError(errors)
    for path, value in list(find(cfg, keys)):
        known = named(value) if isinstance(value, str) else None
        if known is not None:
            with read_write(cfg), open_dict(cfg):
                OmegaConf.update(cfg, path, known, merge=False)
    return cfg


def broken(cfg: DictConfig, keys: Sequence[str] = SCHEDULE_KEYS) -> list[ScheduleError]:
    """What is wrong with the schedules of a config, one error for each broken one."""
    try:
        files = library_files(OmegaConf.select(cfg, LIBRARY))
    except ScheduleError as error:
        return [error]
    found = (_problem(path, value, files) for path, value in find(cfg, keys))
    return [error for error in found if error]


def library_files(given: Any) -> Files:
    """Name and text of the library files that a config names.

    A path, a list of paths, a mapping of name to text, or null; raises ScheduleError (LRD021).
    """
    from lrdsl.language.library_files import not_a_library, read_library_files

    given = _plain(given)
    files = tuple(read_library_files(given, LIBRARY).items())
    if not all(isinstance(part, str) for file in files for part in file):
        raise not_a_library(given, LIBRARY)
    return files


def find(cfg: Any, keys: Sequence[str], path: str = "") -> Iterator[tuple[str, Any]]:
    """Path and resolved value of every schedule of a config."""
    for key in _keys(cfg):
        here = f"{path}.{key}".removeprefix(".")
        try:
            value = cfg[key]
            plain = _plain(value)
        except OmegaConfBaseException:
            continue  # missing, or not to be resolved yet: whoever reads it will hear
        if any(fnmatchcase(here, pattern) for pattern in keys) and _is_schedule(plain):
            yield here, plain
        else:
            yield from find(value, keys, here)


def _keys(node: Any) -> list[Any]:
    match node:
        case DictConfig():
            return list(node)
        case ListConfig():
            return list(range(len(node)))
    return []


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def _is_schedule(value: Any) -> bool:
    """A mapping without `expr` is somebody else's; the rest stands where a schedule belongs."""
    return "expr" in value if isinstance(value, Mapping) else value is not None


def _problem(path: str, value: Any, files: Files) -> ScheduleError | None:
    match value:
        case bool() | list():
            return _wrong_kind(path, value)
        case str() if (known := named(value)) is not None:
            return _problem(path, known, files)
        case str() | int() | float():
            return _text_problem(path, value, {}, files)
        case Mapping():
            params = {} if value.get("params") is None else value["params"]
            if (wrong := _wrong_params(f"{path}.params", params)) is not None:
                return wrong
            try:
                files = (*files, *library_files(value.get("library")))
            except ScheduleError as error:
                return error
            return _text_problem(f"{path}.expr", value["expr"], params, files)
    return None


def _wrong_kind(path: str, value: Any) -> ScheduleError:
    kind = "a list" if isinstance(value, list) else "a truth value"
    message = f"a schedule is an expression, a name or a number, not {kind}"
    text = str(value)
    help_ = "put the whole expression in quotes"
    found = Diagnostic("LRD018", message, Span(0, len(text)), help=help_)
    return ScheduleError([found], text, path)


def _wrong_params(path: str, params: Any) -> ScheduleError | None:
    if isinstance(params, Mapping) and all(isinstance(name, str) for name in params):
        return None
    message, text = "`params` is a mapping of names to numbers or times", str(params)
    return ScheduleError([Diagnostic("LRD017", message, Span(0, max(len(text), 1)))], text, path)


def _text_problem(path: str, text: Any, params: Any, files: Files) -> ScheduleError | None:
    from lrdsl.language.user_library import load, problems

    if isinstance(text, bool) or not isinstance(text, str | int | float):
        return _wrong_kind(path, text)
    if isinstance(text, int | float) and abs(text) <= sys.float_info.max:
        return None
    try:
        found = problems(str(text), params, files)
        found = [each for each in found if each.severity == "error"]
    except ScheduleError as error:
        return error
    if not found:
        return None
    own = set(load(files).library.own)
    return ScheduleError(_as_name(str(text), found, own), str(text), path)


def _as_name(text: str, found: list[Diagnostic], own: set[str]) -> list[Diagnostic]:
    """The same problems; of a bare word, that there is no schedule of that name."""
    from lrdsl.language.library import STANDARD
    from lrdsl.language.suggestions import suggestion

    word = text.strip()
    if not re.fullmatch(r"[A-Za-z_][\w.-]*", word) or word in own or STANDARD.signature(word):
        return found
    close = suggestion(text.strip(), names())
    help_ = f"did you mean `{close}`?" if close else f"the names are {', '.join(names())}"
    message = f"no schedule is called `{text.strip()}`"
    return [Diagnostic("LRD010", message, Span(0, len(text)), help=help_)]


@cache
def shipped() -> Mapping[str, Any]:
    """The named schedules that come with lrdsl: `{expr, params}` by name."""
    files = sorted((resource_dir("conf") / GROUP).glob("*.yaml"))
    return {file.stem: OmegaConf.to_container(OmegaConf.load(file)) for file in files}


def named(name: str) -> Mapping[str, Any] | None:
    """The schedule of that name: of the app that runs, else of those that ship with lrdsl."""
    if not re.fullmatch(r"[\w.-]+", name):
        return None
    for folder in _folders():
        if (file := folder / f"{name}.yaml").is_file():
            return OmegaConf.to_container(OmegaConf.load(file))  # type: ignore[no-any-return]
    return shipped().get(name)


def names() -> list[str]:
    """Every name that `named` knows."""
    own = {file.stem for folder in _folders() for file in folder.glob("*.yaml")}
    return sorted(own | shipped().keys())


# Before a job, what the config composed for it says of its sources; see `Sources`.
searched: ContextVar[Sources] = ContextVar("searched", default=())


def _folders() -> list[Path]:
    """Where the app that runs may have named schedules of its own."""
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.hydra_config import HydraConfig

    sources = searched.get()
    if not sources and HydraConfig.initialized():
        sources = HydraConfig.get().runtime.config_sources
    if sources:
        found = [(each.schema, each.path) for each in sources]
    elif GlobalHydra.instance().is_initialized():
        loader = GlobalHydra.instance().config_loader()
        found = [(each.scheme(), each.path) for each in loader.get_sources()]
    else:
        found = []
    return [root / GROUP for scheme, path in found for root in _roots(scheme, path)]


def _roots(scheme: str, path: str) -> list[Path]:
    if scheme == "file":
        return [Path(path.removeprefix("file://"))]
    if scheme != "pkg" or path == "hydra.conf":
        return []
    from importlib.util import find_spec

    spec = find_spec(path.removeprefix("pkg://").replace("/", "."))
    return [Path(each) for each in (spec and spec.submodule_search_locations) or ()]

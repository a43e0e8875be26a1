"""The schedules inside a composed config: where they are, what their names mean, what is wrong."""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import CompactHydraException
from omegaconf import DictConfig, ListConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import OmegaConfBaseException

from lrdsl.errors.diagnostics import Diagnostic, ScheduleError, Span
from lrdsl.hydra.config_source import GROUP, register_plugin
from lrdsl.hydra.words import SCHEDULE_KEYS, is_expression, is_schedule_key

if TYPE_CHECKING:
    from hydra._internal.config_repository import ConfigRepository

    from lrdsl.language.user_library import Files

LIBRARY = "lrdsl.library"  # the key that names library files


class ConfigError(ScheduleError, CompactHydraException):  # type: ignore[misc]
    """Every broken schedule of a config; Hydra prints it without a traceback."""

    def __init__(self, errors: Sequence[ScheduleError]) -> None:
        super().__init__([found for each in errors for found in each.diagnostics])
        self.errors = tuple(errors)
        self.args = (self.errors,)

    def __str__(self) -> str:
        return "\n\n".join(dict.fromkeys(map(str, self.errors)))


def resolve(cfg: DictConfig, keys: Sequence[str] = SCHEDULE_KEYS) -> DictConfig:
    """`cfg` itself, each name of a schedule replaced by the schedule; or `ConfigError`."""
    if errors := broken(cfg, keys):
        raise ConfigError(errors)
    configs = repository(cfg)
    for path, value in list(find(cfg, keys)):
        if known := named(value, configs):
            put(cfg, path, known)
    return cfg


def find_node(cfg: DictConfig, path: str, default: Any = None) -> Any:
    """What stands at `path`; `default` for nothing, or nothing that can be resolved yet."""
    return OmegaConf.select(cfg, path, default=default, throw_on_resolution_failure=False)


def put(cfg: DictConfig, path: str, schedule: Mapping[str, Any]) -> None:
    """Let a schedule stand at `path`, as a mapping, or as text where the config is typed so."""
    node = find_node(cfg, path)
    with read_write(cfg), open_dict(cfg):
        try:
            if isinstance(node, DictConfig) and OmegaConf.get_type(node) is not dict:
                node.params = {}  # of a dataclass
                node.merge_with(schedule)
            else:
                OmegaConf.update(cfg, path, schedule, merge=False)
        except OmegaConfBaseException:
            OmegaConf.update(cfg, path, _as_text(schedule))


def _as_text(schedule: Mapping[str, Any]) -> str:
    """A schedule as one expression, its params behind `where`."""
    from lrdsl.syntax.formatter import format_program
    from lrdsl.syntax.parser import parse

    program = parse(str(schedule["expr"]))
    params = [f"{name} = {value}" for name, value in (schedule.get("params") or {}).items()]
    bindings = parse(f"0 where {', '.join(params)}").bindings if params else ()
    return format_program(replace(program, bindings=bindings + program.bindings))


def repository(cfg: Any = None) -> ConfigRepository:
    """Every place where configs of the app that runs are, with the search path of `cfg`, if any."""
    from hydra._internal.config_repository import ConfigRepository
    from hydra._internal.utils import create_config_search_path

    register_plugin()
    if GlobalHydra.instance().is_initialized():
        path = copy.deepcopy(GlobalHydra.instance().config_loader().get_search_path())
    else:
        path = create_config_search_path(None)
    for each in (cfg, HydraConfig.instance().cfg):
        for place in (each and OmegaConf.select(each, "hydra.searchpath")) or ():
            path.append("hydra.searchpath", place)
    return ConfigRepository(path)


def named(name: Any, configs: ConfigRepository) -> Mapping[str, Any] | None:
    """The schedule of that name: of the app that runs, else of those that ship with lrdsl."""
    if not isinstance(name, str) or not re.fullmatch(r"[\w.-]+", name):
        return None
    found = configs.load_config(f"{GROUP}/{name}")
    return OmegaConf.to_container(found.config) if found and "expr" in found.config else None


def find(node: Any, keys: Sequence[str], path: str = "") -> Iterator[tuple[str, Any]]:
    """Path and resolved value of every schedule of a config."""
    is_list = isinstance(node, ListConfig)
    for key in range(len(node)) if is_list else node if isinstance(node, DictConfig) else ():
        here = f"{path}.{key}".removeprefix(".")
        try:
            value = None if here == "hydra" else node[key]
            plain = _plain(value) if is_schedule_key(here, keys) else None
        except OmegaConfBaseException:
            continue  # missing, or not to be resolved yet: whoever reads it will hear
        if _is_schedule(plain, here in keys):
            yield here, plain
        else:
            yield from find(value, keys, here)


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def _is_schedule(value: Any, declared: bool) -> bool:
    """Whether a value behind a key is a schedule, rather than somebody else's."""
    if isinstance(value, Mapping):
        return "expr" in value
    return value is not None if declared else isinstance(value, str) and is_expression(value)


def broken(cfg: DictConfig, keys: Sequence[str] = SCHEDULE_KEYS) -> list[ScheduleError]:
    """What is wrong with the schedules of a config, one error for each broken one."""
    errors = []
    configs = repository(cfg)
    try:
        files = library_files(OmegaConf.select(cfg, LIBRARY))
    except ScheduleError as error:
        return [error]
    for path, value in find(cfg, keys):
        try:
            _check(path, value, files, configs)
        except ScheduleError as error:
            errors.append(error)
    return errors


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


def _check(path: str, value: Any, files: Files, configs: ConfigRepository) -> None:
    """Raise ScheduleError for what is wrong with the value of a config at `path`."""
    schedule = value if isinstance(value, Mapping) else named(value, configs)
    text, params, place = value, None, path
    if schedule:
        text, params, place = schedule["expr"], schedule.get("params"), f"{path}.expr"
        files += library_files(schedule.get("library"))
    if params is not None and not (isinstance(params, Mapping) and set(map(type, params)) <= {str}):
        message = "`params` is a mapping of names to numbers or times"
        raise _error("LRD017", message, params, f"{path}.params")
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        kinds = {bool: "a truth value", list: "a list", dict: "a mapping"}
        kind = kinds.get(type(text), "null")
        message = f"a schedule is an expression, a name or a number, not {kind}"
        help_ = f"quote the whole expression, or leave `{path}` out of `schedule_keys`"
        raise _error("LRD018", message, text, place, help_)
    if isinstance(text, int | float) and abs(text) <= sys.float_info.max:
        return
    from lrdsl.language.user_library import load, problems

    found = problems(str(text), params or {}, files)
    if any(each.severity == "error" for each in found):
        _refuse_name(str(text).strip(), path, load(files).library.own, configs)
        raise ScheduleError([x for x in found if x.severity == "error"], str(text), place)


def _refuse_name(word: str, path: str, own: Mapping[str, Any], configs: ConfigRepository) -> None:
    """Say of a bare word, if it is one, that there is no schedule of that name."""
    from lrdsl.language.library import STANDARD
    from lrdsl.language.suggestions import suggestion

    if re.fullmatch(r"[A-Za-z_][\w.-]*", word) and not (word in own or STANDARD.signature(word)):
        names = configs.get_group_options(GROUP)
        close = suggestion(word, names)
        help_ = f"did you mean `{close}`?" if close else f"the names are {', '.join(names)}"
        help_ += f"; where no schedule belongs, leave `{path}` out of `schedule_keys`"
        raise _error("LRD010", f"no schedule is called `{word}`", word, path, help_)


def _error(
    code: str, message: str, value: Any, path: str, help_: str | None = None
) -> ScheduleError:
    text = str(value)
    return ScheduleError(
        [Diagnostic(code, message, Span(0, max(len(text), 1)), help=help_)], text, path
    )

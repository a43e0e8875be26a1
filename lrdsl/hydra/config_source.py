"""The named schedules as a place where Hydra finds configs: the group `lrdsl/schedule` alone."""

from __future__ import annotations

from typing import Any

from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from omegaconf import OmegaConf

from lrdsl.hydra.schedules import GROUP, shipped


class NamedSchedules(ConfigSource):  # type: ignore[misc]
    """`lrdsl://schedules`.

    `pkg://lrdsl.conf` may not be on the search path of other people's apps: its groups `model`
    and `data` would take their plain keys of that name away.
    """

    @staticmethod
    def scheme() -> str:
        return "lrdsl"

    def available(self) -> bool:
        return True

    def is_group(self, config_path: str) -> bool:
        return f"{GROUP}/".startswith(f"{config_path.strip('/')}/".lstrip("/"))

    def is_config(self, config_path: str) -> bool:
        return _name(config_path) in shipped()

    def load_config(self, config_path: str) -> Any:
        if not self.is_config(config_path):
            raise ConfigLoadError(f"no schedule is called `{config_path}`")
        config = OmegaConf.create(shipped()[_name(config_path)])
        return ConfigResult(self.provider, self.full_path(), config, header={"package": None})

    def list(self, config_path: str, results_filter: Any) -> list[str]:
        inside = f"{GROUP}/".removeprefix(f"{config_path}/".lstrip("/")).partition("/")[0]
        groups, configs = ([inside], []) if inside else ([], sorted(shipped()))
        if results_filter is None:
            return [*groups, *configs]
        return groups if results_filter == ObjectType.GROUP else configs


def _name(config_path: str) -> str:
    group, _, name = config_path.removesuffix(".yaml").rpartition("/")
    return name if group == GROUP else ""

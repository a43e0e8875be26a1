"""The named schedules as a place where Hydra finds configs: the group `lrdsl/schedule` alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra.core.plugins import Plugins
from hydra.plugins.search_path_plugin import SearchPathPlugin

from lrdsl.resources import resource_dir

if TYPE_CHECKING:
    from hydra.core.config_search_path import ConfigSearchPath

GROUP = "lrdsl/schedule"


class NamedSchedules(FileConfigSource):  # type: ignore[misc]
    """`lrdsl://schedules`: the folder `conf`, of which no other group is seen.

    `pkg://lrdsl.conf` may not be on the search path of other people's apps: its groups `model`
    and `data` would take their plain keys of that name away.
    """

    def __init__(self, provider: str, path: str) -> None:
        super().__init__(provider, path)
        self.path = str(resource_dir("conf"))

    @staticmethod
    def scheme() -> str:
        return "lrdsl"

    def is_group(self, config_path: str) -> bool:
        return f"{GROUP}/".startswith(f"{config_path}/".lstrip("/"))

    def is_config(self, config_path: str) -> bool:
        return config_path.startswith(f"{GROUP}/") and super().is_config(config_path)


class LrdslSearchPathPlugin(SearchPathPlugin):  # type: ignore[misc]
    """Gives every app the group `lrdsl/schedule`, and nothing else."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        Plugins.instance().register(NamedSchedules)
        search_path.append(provider="lrdsl", path="lrdsl://schedules")


def register_plugin() -> None:
    """Hydra 1.3 does not find the plugin of an editable install by itself."""
    plugins = Plugins.instance()
    if LrdslSearchPathPlugin not in plugins.discover(SearchPathPlugin):
        plugins.register(LrdslSearchPathPlugin)

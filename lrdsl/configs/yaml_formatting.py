"""YAML text to the same text with its one-line schedules in canonical form."""

from __future__ import annotations

from lrdsl.configs.schedule_sites import ScheduleSite, find_schedules
from lrdsl.configs.yaml_tree import YamlScalar, read_documents
from lrdsl.errors.diagnostics import ScheduleError
from lrdsl.syntax.formatter import format_program, has_comment
from lrdsl.syntax.parser import parse


def format_source(source: str, *, group: bool = False) -> str:
    """The text with its schedules rewritten, and all else, comments included, as it was.

    group: the text is a file of the config group `lrdsl/schedule`. Where YAML would then read
    anything else than is meant, the text stays as it is.
    """
    sites = _sites(source, group)
    result, expected = source, [site.text for site in sites]
    backwards = sorted(enumerate(sites), key=lambda each: each[1].source_map.start, reverse=True)
    for index, site in backwards:
        new = _canonical(site)
        if new:
            result = result[: site.source_map.start] + new + result[site.source_map.end :]
            expected[index] = _read(new) or ""
    return result if [site.text for site in _sites(result, group)] == expected else source


def _sites(source: str, group: bool) -> list[ScheduleSite]:
    return [each for each in find_schedules(source, group=group) if isinstance(each, ScheduleSite)]


def _canonical(site: ScheduleSite) -> str | None:
    """The new scalar; None where there is none, or something would be lost."""
    where = site.source_map
    old = where.source[where.start : where.end]
    if site.is_name or has_comment(site.text) or "\n" in old or not where.is_exact:
        return None
    try:
        text = format_program(parse(site.text))
    except ScheduleError:
        return None
    quote = where.style if where.style in ("'", '"') else ""
    new = f"{quote}{text}{quote}"
    return new if text != site.text and _read(new) == text else None


def _read(scalar: str) -> str | None:
    """The text that YAML reads in a scalar on its own."""
    documents, found = read_documents(scalar)
    if found or len(documents) != 1 or not isinstance(documents[0], YamlScalar):
        return None
    return documents[0].value

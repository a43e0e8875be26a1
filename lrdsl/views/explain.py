"""Pages, as text for a terminal, about codes, functions, names of the language and expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from textwrap import fill, indent
from typing import TYPE_CHECKING

from lrdsl.errors.codes import CODES, Code
from lrdsl.errors.diagnostics import Diagnostic, ScheduleError
from lrdsl.errors.rendering import render_all, visible
from lrdsl.language.builtins import NAMES, Signature
from lrdsl.language.library import STANDARD, Library
from lrdsl.language.params import Parameters
from lrdsl.language.suggestions import suggestion
from lrdsl.language.user_library import load
from lrdsl.syntax import tree
from lrdsl.syntax.formatter import format_lines
from lrdsl.syntax.parser import parse
from lrdsl.views.function_page import curve_data, data, grouped, page, paragraph, signatures

if TYPE_CHECKING:
    from lrdsl.schedule import Schedule
    from lrdsl.timeline import Timeline

_SHOWN = 200  # examples of limits are longer


class Unknown(Exception):
    """There is no page of this name; the message says what there is."""


def explanation(
    subject: str, params: Parameters, run: Timeline | None, library: Library = STANDARD
) -> str:
    """The page of a code, a function, a name of the language, or an expression."""
    word = subject.strip()
    if re.fullmatch(r"(?i)LRD\w*", word):
        if word.upper() not in CODES:
            raise Unknown(f"there is no code `{word}`; the codes are {', '.join(CODES)}")
        return _code_page(word.upper(), CODES[word.upper()])
    if word in NAMES:
        return _name_page(word)
    if signature := library.signature(word):
        return _visible(page(signature, library))
    return _visible(_expression_page(subject, params, run, library))


def _visible(text: str) -> str:
    """What a user wrote, in files too, as lines that cannot steer a terminal."""
    return "\n".join(map(visible, text.split("\n")))


def _name_page(word: str) -> str:
    return f"{word}: {NAMES[word].type}\n{paragraph(NAMES[word].doc)}"


def _code_page(name: str, code: Code) -> str:
    blocks = [f"{name}: {code.title}", paragraph(code.explanation)]
    if code.example:
        blocks += ["example:", indent(_shortened(code.example), "    ")]
        found = example_problems(code, code.example)
        blocks.append(indent(render_all(found, code.example, _FILES[code.language]), "    "))
    if code.fixed:
        blocks += ["instead:", indent(_shortened(code.fixed), "    ")]
    return "\n\n".join(blocks)


_FILES = {"expression": "schedule", "yaml": "config.yaml", "library": "schedules.lrs"}


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 4]}... ({len(text):,} characters)"


def example_problems(code: Code, text: str) -> list[Diagnostic]:
    """What is wrong with an example of a code's page."""
    from lrdsl.check.checking import check_expression, check_source

    run = None
    if code.run:
        from lrdsl.timeline import Timeline

        run = Timeline(**code.run)
    if code.language == "yaml":
        return check_source(text, run=run)[1]
    if code.language == "library":
        return [each for _, each in load((("schedules.lrs", text),)).found]
    return check_expression(text, {}, run)


def function_list(name: str | None, library: Library = STANDARD) -> str:
    """Every function and name of the language, a line each, or all about one."""
    if name is None:
        return _visible(_overview(library))
    if name in NAMES and library.signature(name) is None:
        return _name_page(name)
    return _visible(page(_one(name, library), library))


def functions_as_data(name: str | None, library: Library = STANDARD) -> list[dict[str, object]]:
    """A mapping for each function; for the one of this name, with points of its curve."""
    if name is None:
        return [data(each, library) for each in signatures(library).values()]
    signature = _one(name, library)
    return [data(signature, library) | {"curve": curve_data(signature, library)}]


def _one(name: str, library: Library) -> Signature:
    signature = library.signature(name)
    if signature is None:
        close = suggestion(name, library.names())
        help_ = f"did you mean `{close}`?" if close else "`lrdsl functions` lists them all"
        raise Unknown(f"there is no function `{name}`; {help_}")
    return signature


def _overview(library: Library) -> str:
    """Everything there is, a line each."""
    blocks = [
        _table(title, {str(each): each.doc for each in group})
        for title, group in grouped(library).items()
    ]
    blocks.append(_table("names", {name: clock.doc for name, clock in NAMES.items()}))
    blocks.append("`lrdsl functions NAME` shows one of them with its curve.")
    return "\n\n".join(blocks)


def _table(title: str, rows: Mapping[str, str]) -> str:
    """A line each, with the first sentence; under it where it does not fit beside."""
    lines = [f"{title}:"]
    for left, doc in rows.items():
        sentence = re.split(r"(?<=\.)\s", doc)[0]
        if len(left) <= 24 and len(sentence) <= 70:
            lines.append(f"  {left:26}{sentence}")
        else:
            lines += [f"  {left}", indent(fill(sentence, 90), "      ")]
    return "\n".join(lines)


def _expression_page(text: str, params: Parameters, run: Timeline | None, library: Library) -> str:
    from lrdsl.schedule import Schedule
    from lrdsl.timeline import Timeline

    schedule, run = Schedule(text, params, dict(library.files)), run or Timeline()
    program, warnings = parse(text), schedule.check()
    blocks = [
        render_all(warnings, text, "schedule"),
        format_lines(program),
        _used(program, library),
    ]
    if run.total_steps is None:
        blocks.append(_needs(schedule, run))
    else:
        found = [each for each in schedule.check(run) if each not in warnings]
        blocks.append(render_all(found, text, "schedule"))
        if not any(each.severity == "error" for each in found):
            from lrdsl.views.run_description import describe_course

            blocks += describe_course(schedule, program, run)
    return "\n\n".join(each for each in [*blocks, _lowering(schedule, run)] if each)


def _used(program: tree.Program, library: Library) -> str:
    """The functions and names of the language that a text uses."""
    calls = [node.name for node in tree.nodes_of(program) if isinstance(node, tree.Call)]
    names = [node.name for node in tree.nodes_of(program) if isinstance(node, tree.Name)]
    own = {binding.name for binding in program.bindings}
    rows = {str(each): each.doc for name in calls if (each := library.signature(name))}
    rows |= {name: NAMES[name].doc for name in names if name in NAMES and name not in own}
    return _table("it uses", rows) if rows else ""


def _needs(schedule: Schedule, run: Timeline) -> str:
    """What the timeline lacks, and what would show more."""
    lines = ["with --steps-per-epoch and --epochs, its course over the run is shown"]
    try:
        schedule.bind(run)
    except ScheduleError as error:
        lines = ["it needs:", *(f"  {each.message}" for each in error.diagnostics), *lines]
    return "\n".join(lines)


def _lowering(schedule: Schedule, run: Timeline) -> str:
    """The form in which it runs; nothing while the timeline lacks what it needs."""
    from lrdsl.ir.ops import in_order

    try:
        form = schedule.form(run)
    except ScheduleError:
        return ""
    rates = f"{len(form.ir.data):,} rates" if form.ir.name == "take" else ""
    forms = {
        "constant": "a constant",
        "steps": f"a search among {rates}",
        "table": f"a table of {rates}",
        "analytic": f"the formula, {len(in_order(form.ir)):,} operations",
    }
    return f"it runs as {forms[form.name]}"

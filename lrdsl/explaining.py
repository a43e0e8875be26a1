"""`lrdsl explain` and `lrdsl functions`: pages about codes, functions, names and expressions."""

from __future__ import annotations

import json as jsonlib
import re
from collections.abc import Mapping
from dataclasses import asdict
from textwrap import fill, indent
from typing import TYPE_CHECKING, Any

from lrdsl import checker, tree
from lrdsl.checker import Parameters, suggestion
from lrdsl.codes import CODES, Code
from lrdsl.diagnostics import Diagnostic, ScheduleError
from lrdsl.exits import CLEAN, Usage
from lrdsl.formatter import format_lines
from lrdsl.functions import BUILTINS, NAMES, Signature
from lrdsl.library import STANDARD, nodes_of, standard_library
from lrdsl.parser import parse
from lrdsl.rendering import render_all, visible

if TYPE_CHECKING:
    from lrdsl.schedule import Schedule
    from lrdsl.timeline import Timeline

_SHOWN = 200  # examples of limits are longer


def explain(subject: str, params: Parameters, run: Timeline | None) -> int:
    """Print the page of a code, a function, a name of the language, or an expression."""
    word = subject.strip()
    if re.fullmatch(r"(?i)LRD\w*", word):
        if word.upper() not in CODES:
            raise Usage(f"there is no code `{word}`; the codes are {', '.join(CODES)}")
        print(_code_page(word.upper(), CODES[word.upper()]))
    elif word in NAMES:
        print(f"{word}: {NAMES[word].type}\n{_paragraph(NAMES[word].doc)}")
    elif signature := STANDARD.signature(word):
        print(_function_page(signature))
    else:
        print("\n".join(map(visible, _expression_page(subject, params, run).split("\n"))))
    return CLEAN


def _paragraph(text: str) -> str:
    return indent(fill(text, 84), "    ")


# codes


def _code_page(name: str, code: Code) -> str:
    page = [f"{name}: {code.title}", _paragraph(code.explanation)]
    if code.example:
        page += ["example:", indent(_shortened(code.example), "    ")]
        found = example_problems(code, code.example)
        page.append(indent(render_all(found, code.example, _FILES[code.language]), "    "))
    if code.fixed:
        page += ["instead:", indent(_shortened(code.fixed), "    ")]
    return "\n\n".join(page)


_FILES = {"expression": "schedule", "yaml": "config.yaml", "library": "schedules.lrs"}


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 4]}... ({len(text):,} characters)"


def example_problems(code: Code, text: str) -> list[Diagnostic]:
    """What is wrong with an example of a code's page."""
    from lrdsl.checking import check_expression, check_source

    run = None
    if code.run:
        from lrdsl.timeline import Timeline

        run = Timeline(**code.run)
    if code.language == "yaml":
        return check_source(text, run=run)[1]
    if code.language == "library":
        from lrdsl.libraries import load

        return [each for _, each in load((("schedules.lrs", text),)).found]
    return check_expression(text, {}, run)


# functions


def list_functions(name: str | None, *, json: bool) -> int:
    """Print every function and name of the language, or one."""
    if json:
        signatures = _signatures() if name is None else {name: _one(name)}
        print(jsonlib.dumps([_as_data(each) for each in signatures.values()], indent=2))
    elif name is None:
        print(_overview())
    elif name in NAMES:
        print(f"{name}: {NAMES[name].type}\n{_paragraph(NAMES[name].doc)}")
    else:
        print(_function_page(_one(name)))
    return CLEAN


def _one(name: str) -> Signature:
    signature = STANDARD.signature(name)
    if signature is None:
        close = suggestion(name, STANDARD.names())
        help_ = f"did you mean `{close}`?" if close else "`lrdsl functions` lists them all"
        raise Usage(f"there is no function `{name}`; {help_}")
    return signature


def _signatures() -> dict[str, Signature]:
    library = {name: each.signature for name, each in standard_library().items()}
    return {**BUILTINS, **library}


def _as_data(signature: Signature) -> dict[str, Any]:
    data = asdict(signature)
    kind = "built-in" if signature.name in BUILTINS else "library"
    return {"name": signature.name, "kind": kind, "usage": str(signature)} | data


def _overview() -> str:
    """Everything there is, a line each."""
    lists = [name for name, each in BUILTINS.items() if _takes(each, "numbers", "times")]
    times = [name for name, each in BUILTINS.items() if _takes(each, "schedule")]
    numbers = [name for name in BUILTINS if name not in (*lists, *times)]
    groups = {
        "schedules": list(standard_library()),
        "time": times,
        "tables": lists,
        "numbers": numbers,
    }
    blocks = []
    for title, names in groups.items():
        rows = {str(_signatures()[name]): _signatures()[name].doc for name in names}
        blocks.append(_table(title, rows))
    blocks.append(_table("names", {name: clock.doc for name, clock in NAMES.items()}))
    blocks.append("`lrdsl functions NAME` shows one of them with an example.")
    return "\n\n".join(blocks)


def _takes(signature: Signature, *types: str) -> bool:
    return any(parameter.type in types for parameter in signature.parameters)


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


def _function_page(signature: Signature) -> str:
    page = [str(signature), _paragraph(signature.doc)]
    if signature.example:
        page.append(f"example:\n    {signature.example}")
    if signature.name in standard_library():
        text = standard_library()[signature.name].text
        page.append(f"definition:\n{indent(text, '    ')}")
    return "\n\n".join(page)


# expressions


def _expression_page(text: str, params: Parameters, run: Timeline | None) -> str:
    from lrdsl.schedule import Schedule

    schedule = Schedule(text, params)
    program = parse(text)
    warnings = checker.problems(text, params)
    page = [render_all(warnings, text, "schedule")] if warnings else []
    page += [format_lines(program), *_used(program)]
    if run is None or run.total_steps is None:
        page += [_needs(schedule, run)]
    else:
        found = [each for each in schedule.check(run) if each not in warnings]
        page += [render_all(found, text, "schedule")] if found else []
        if not any(each.severity == "error" for each in found):
            from lrdsl.courses import describe_course

            page += describe_course(schedule, program, run)
    return "\n\n".join(each for each in page if each)


def _used(program: tree.Program) -> list[str]:
    """The functions and names of the language that a text uses."""
    calls = [node.name for node in nodes_of(program) if isinstance(node, tree.Call)]
    names = [node.name for node in nodes_of(program) if isinstance(node, tree.Name)]
    own = {binding.name for binding in program.bindings}
    rows = {str(each): each.doc for name in calls if (each := STANDARD.signature(name))}
    rows |= {name: NAMES[name].doc for name in names if name in NAMES and name not in own}
    return [_table("it uses", rows)] if rows else []


def _needs(schedule: Schedule, run: Timeline | None) -> str:
    from lrdsl.timeline import Timeline

    lines = []
    try:
        schedule.bind(run or Timeline())
    except ScheduleError as error:
        lines = [f"  {each.message}" for each in error.diagnostics]
    start = "\n".join(["it needs:", *lines, ""]) if lines else ""
    return f"{start}with --steps-per-epoch and --epochs, its course over the run is shown"

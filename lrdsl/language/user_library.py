"""A user's library files: read and checked together, and checked with the text that calls them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from lrdsl.errors.diagnostics import Diagnostic, Label, ScheduleError, Source, Span
from lrdsl.language.builtins import PARAMETER_TYPES
from lrdsl.language.call_graph import Graph, mark_reached, strong_components
from lrdsl.language.library import STANDARD, Function, Library, read_library
from lrdsl.language.params import Parameters
from lrdsl.language.suggestions import suggestion
from lrdsl.language.typecheck import check, check_definition
from lrdsl.syntax import tree
from lrdsl.syntax.parser import parse

# The name and the text of each file.
Files = tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class Loaded:
    """The library of some files, its call graph, and its problems.

    Each problem goes with the definition that it is in, or with None if it is none's.
    """

    library: Library
    calls: Graph
    found: tuple[tuple[Function | None, Diagnostic], ...]


@lru_cache(maxsize=64)
def load(files: Files) -> Loaded:
    """The definitions of library files, and all of their problems."""
    own: dict[str, Function] = {}
    found: list[tuple[Function | None, Diagnostic]] = []
    for name, text in files:
        functions = read_library(text, name)
        found += [(None, each) for each in _stray(functions, Source(name, text))]
        for function in functions:
            if function.name in own:
                found.append((None, _named(function, "LRD015", "is defined twice", "error")))
            elif STANDARD.signature(function.name):
                hides = f"hides the built-in `{function.name}`"
                found.append((None, _named(function, "LRD014", hides, "warning")))
            own[function.name] = function
    library, calls = Library(own), _call_graph(own)
    recursive = _recursive(own, calls)
    for function in own.values():
        found += [(function, each) for each in _check(function, recursive, library)]
    return Loaded(library, calls, tuple(found))


def load_checked(files: Files) -> Library:
    """The library of some files; raises ScheduleError if there is an error in them."""
    loaded = load(files)
    errors = [each for _, each in loaded.found if each.severity == "error"]
    if errors:
        raise ScheduleError(errors, "", files[0][0])
    return loaded.library


def _named(function: Function, code: str, what: str, severity: str) -> Diagnostic:
    span = Span(function.offset, function.offset + len(function.name))
    message = f"`{function.name}` {what}"
    return Diagnostic(code, message, span, severity, source=function.source)  # type: ignore[arg-type]


def _stray(functions: list[Function], source: Source) -> list[Diagnostic]:
    """[] or the problem that something else than comments stands before the definitions."""
    end = min((function.offset for function in functions), default=len(source.text))
    offset = 0
    for line in source.text[:end].splitlines(keepends=True):
        if line.strip() and not line.lstrip().startswith("#"):
            span = Span(offset, offset + len(line.rstrip()))
            help_ = "a definition begins at the left margin: `name(start, over: time) = ...`"
            return [Diagnostic("LRD020", "expected a definition", span, help=help_, source=source)]
        offset += len(line)
    return []


def _check(
    function: Function, recursive: Mapping[str, Diagnostic], library: Library
) -> list[Diagnostic]:
    """The problems of a definition, with spans of its file."""
    try:
        found = _malformed(function)
        if function.name in recursive:
            found.append(recursive[function.name])
        found = found or check_definition(function, library)
    except ScheduleError as error:
        found = list(error.diagnostics)
    return [_in_file(each, function) for each in found]


def _in_file(found: Diagnostic, function: Function) -> Diagnostic:
    moved = found.moved(function.in_file)
    labels = tuple(replace(label, source=function.source) for label in moved.labels)
    return replace(moved, labels=labels, source=function.source)


def _malformed(function: Function) -> list[Diagnostic]:
    """The problems of parameters of an unknown type, or of the same name."""
    found = []
    parameters = function.definition.parameters
    twice = {name for name, n in Counter(each.name for each in parameters).items() if n > 1}
    for parameter in parameters:
        if parameter.type not in PARAMETER_TYPES:
            close = suggestion(parameter.type, list(PARAMETER_TYPES))
            types = ", ".join(f"`{each}`" for each in PARAMETER_TYPES)
            help_ = f"did you mean `{close}`?" if close else f"the types are {types}"
            message = f"unknown type `{parameter.type}`"
            found.append(Diagnostic("LRD020", message, parameter.span, help=help_))
        if parameter.name in twice:
            message = f"the parameter `{parameter.name}` is named twice"
            found.append(Diagnostic("LRD020", message, parameter.span))
    return found[:1] if twice else found


def _calls(function: Function) -> tuple[tree.Call, ...]:
    try:
        return function.calls
    except ScheduleError:  # which is reported with the definition
        return ()


def _call_graph(own: Mapping[str, Function]) -> Graph:
    """From each of the user's definitions to those of them that it calls."""
    return {
        name: [call.name for call in _calls(function) if call.name in own]
        for name, function in own.items()
    }


def _recursive(own: Mapping[str, Function], calls: Graph) -> dict[str, Diagnostic]:
    """The problems of definitions that call themselves: by name, the first one of each cycle."""
    component = strong_components(calls)
    found: dict[str, Diagnostic] = {}
    shown = set()
    for name, function in own.items():
        home = component[name]
        back = next((call for call in _calls(function) if component.get(call.name) == home), None)
        if back is None or home in shown:
            continue
        shown.add(home)
        through = "" if back.name == name else f" through `{back.name}`"
        found[name] = Diagnostic("LRD019", f"`{name}` calls itself{through}", back.name_span)
    return found


def _problems_at(program: tree.Program | None, loaded: Loaded) -> list[Diagnostic]:
    """The problems of library files, each with a label at the text's first call that runs it."""
    if not loaded.found:
        return []
    first: dict[str, tree.Call] = {}
    for node in tree.nodes_of(program) if program else ():
        if isinstance(node, tree.Call):
            mark_reached(loaded.calls, node.name, node, first)
    found = []
    for function, each in loaded.found:
        call = first.get(function.name) if function else None
        labels = (Label(call.name_span, "called here"),) if call else ()
        found.append(replace(each, labels=(*each.labels, *labels)))
    return found


def problems(
    text: str, params: Parameters | None = None, files: Files = (), *, interpolations: bool = False
) -> list[Diagnostic]:
    """The problems of a text and of its library files that show without a timeline."""
    loaded = load(files)
    try:
        program = parse(text)
    except ScheduleError as error:
        return [*error.diagnostics, *_problems_at(None, loaded)]
    found = _problems_at(program, loaded)
    if any(each.severity == "error" for each in found):
        return found
    own = check(program, params or {}, interpolations=interpolations, library=loaded.library)
    return [*own, *found]

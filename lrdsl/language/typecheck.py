"""Names, types and units of a tree; every problem of a text in one list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from lrdsl.errors.diagnostics import Diagnostic, Label, ScheduleError, Span
from lrdsl.language.builtins import (
    BUILTINS,
    NAMES,
    RESERVED,
    SYNONYMS,
    WORD_HELP,
    Parameter,
    Signature,
)
from lrdsl.language.library import STANDARD, Function, Library
from lrdsl.syntax import tree
from lrdsl.syntax.parser import parse
from lrdsl.syntax.syntax_errors import describe_bad
from lrdsl.syntax.tree import Node

if TYPE_CHECKING:
    from fractions import Fraction

# `any` follows a mistake that is already reported, so that it has no consequences.
Kind = Literal["number", "time", "truth", "any"]
Parameters = Mapping[str, float | int | str]

_WORDS = {"number": "a number", "time": "a time", "truth": "a condition", "any": "anything"}


def problems(
    text: str,
    params: Parameters | None = None,
    *,
    interpolations: bool = False,
    library: Library = STANDARD,
) -> list[Diagnostic]:
    """Everything wrong with `text` that shows without a timeline, in order of position.

    With `interpolations`, an unresolved `${...}` is an unknown value, else an error.
    """
    try:
        program = parse(text)
    except ScheduleError as error:
        return list(error.diagnostics)
    return check(program, params or {}, interpolations=interpolations, library=library)


def check(
    program: tree.Program,
    params: Parameters,
    *,
    interpolations: bool = False,
    library: Library = STANDARD,
) -> list[Diagnostic]:
    """The problems of a parsed text; [] when it is a schedule."""
    checker = _Checker(interpolations=interpolations, library=library)
    names: dict[str, Kind] = {}
    for name, value in params.items():
        if interpolations and isinstance(value, str) and "${" in value:
            names[name] = "any"
            continue
        names[name] = "time" if isinstance(parameter_node(name, value), tree.Time) else "number"
    for name in params:
        checker.parameter(name, program.body.span)
    first: dict[str, Span] = {}
    for binding in program.bindings:
        checker.binding(binding, names, first, program)
        first.setdefault(binding.name, binding.name_span)
    checker.number(program.body, names)
    checker.unused(program, params)
    return sorted(checker.found, key=lambda each: (each.span, each.code))


def check_definition(function: Function, library: Library = STANDARD) -> list[Diagnostic]:
    """The problems of a library definition, in the coordinates of its own text."""
    checker = _Checker(library=library)
    names: dict[str, Kind] = {}
    for parameter in function.definition.parameters:
        declared = Parameter(parameter.name, parameter.type)  # type: ignore[arg-type]
        if parameter.default is not None:
            checker.argument(declared, parameter.default, names)
        names[parameter.name] = "time" if parameter.type == "time" else "number"
        if parameter.type in ("numbers", "times"):
            checker.lists.add(parameter.name)
    checker.number(function.definition.body, names)
    return checker.found


def parameter_node(name: str, value: float | int | str) -> tree.Number | tree.Time:
    """A value of `params` as a literal: a finite number, or a time as text (`5ep`)."""
    from lrdsl.syntax.tree import Number, Time

    refused = Diagnostic(
        "LRD017",
        f"the parameter `{name}` is {value!r}; it must be a number or a time such as `5ep`",
        Span(0, 1),
    )
    if not isinstance(value, str):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or value != value or value in (float("inf"), float("-inf")):
            raise ScheduleError([refused], str(value), f"params.{name}")
        return Number(repr(value), span=Span(0, 0))
    try:
        node = parse(value, f"params.{name}").body
    except ScheduleError:
        node = None
    sign = ""
    if isinstance(node, tree.Call) and node.name == "-":
        sign, node = "-", node.operands[0]
    if not isinstance(node, Number | Time):
        raise ScheduleError([refused], value, f"params.{name}")
    return replace(node, text=sign + node.text, span=Span(0, 0))


def suggestion(word: str, known: Iterator[str] | list[str]) -> str | None:
    """The known word that was probably meant."""
    from difflib import get_close_matches

    candidates = list(known)
    if SYNONYMS.get(word) in candidates:
        return SYNONYMS[word]
    folded = {each.lower(): each for each in candidates}
    # of short words everything is half alike
    close = get_close_matches(word.lower(), folded, n=1, cutoff=0.75 if len(word) < 5 else 0.66)
    return folded[close[0]] if close else None


def match_arguments(
    signature: Signature, call: tree.Call
) -> tuple[dict[str, list[tree.Argument]], list[Diagnostic]]:
    """The arguments of a call by parameter name, and what does not fit."""
    found: list[Diagnostic] = []
    given: dict[str, list[tree.Argument]] = {}
    names = [parameter.name for parameter in signature.parameters]
    named = False
    for index, argument in enumerate(call.arguments):
        if argument.name is not None:
            named = True
            if argument.name not in names:
                found.append(_unknown_argument(signature, argument))
            elif argument.name in given:
                message = f"`{argument.name}` is given twice"
                found.append(Diagnostic("LRD015", message, argument.span))
            else:
                given[argument.name] = [argument]
        elif named:
            message = "a positional argument after a named one"
            found.append(Diagnostic("LRD015", message, argument.span, help=f"usage: `{signature}`"))
        elif index < len(names):
            given.setdefault(names[index], []).append(argument)
        elif signature.variadic:
            given[names[-1]].append(argument)
    if not found:
        found += _count_problem(signature, call, given)
    return given, found


def _unknown_argument(signature: Signature, argument: tree.Argument) -> Diagnostic:
    assert argument.name is not None
    span = Span(argument.span.start, argument.span.start + len(argument.name))
    close = suggestion(argument.name, [each.name for each in signature.parameters])
    help_ = f"did you mean `{close}`?" if close else f"usage: `{signature}`"
    message = f"unknown argument `{argument.name}` of `{signature.name}`"
    return Diagnostic("LRD012", message, span, help=help_)


def _count_problem(
    signature: Signature, call: tree.Call, given: dict[str, list[tree.Argument]]
) -> list[Diagnostic]:
    most, least, got = len(signature.parameters), signature.required, len(call.arguments)
    missing = [p.name for p in signature.parameters if p.default is None and p.name not in given]
    if not missing and (got <= most or signature.variadic):
        return []
    if any(argument.name for argument in call.arguments) and got <= most:
        listed = ", ".join(f"`{name}`" for name in missing)
        message = f"`{signature.name}` needs {listed}"
    else:
        wanted = f"{least} or more arguments" if signature.variadic else _range(least, most)
        message = f"`{signature.name}` takes {wanted}, got {got}"
    return [Diagnostic("LRD011", message, call.name_span, help=f"usage: `{signature}`")]


def _range(least: int, most: int) -> str:
    noun = "argument" if most == 1 else "arguments"
    return f"{most} {noun}" if least == most else f"{least} to {most} {noun}"


def _comparable(items: tuple[Node, ...]) -> list[tuple[Span, Fraction]]:
    """Literal times of one unit; [] when they cannot be compared without a timeline."""
    found: list[tuple[Span, Fraction]] = []
    units = set()
    for item in items:
        inner, sign = item, 1
        if isinstance(item, tree.Call) and item.name == "-":
            inner, sign = item.operands[0], -1
        if not isinstance(inner, tree.Number | tree.Time):
            return []
        units.add(inner.unit if isinstance(inner, tree.Time) else "ep")
        found.append((item.span, sign * inner.value))
    return found if len(units) == 1 else []


def boundary_problems(items: list[tuple[Span, Fraction]]) -> list[Diagnostic]:
    """What is wrong with the order of boundaries, times in one unit."""
    found = []
    for span, value in items:
        if value < 0:
            found.append(Diagnostic("LRD304", "a boundary is negative", span))
    for (before, first), (span, second) in pairwise(items):
        if second <= first:
            code, message = "LRD302", "boundaries must increase"
            if first == second:
                code, message = "LRD303", "a boundary is repeated"
            labels = (Label(before, "after this one"),) if span != before else ()
            found.append(Diagnostic(code, message, span, labels=labels))
    return found


@dataclass
class _Checker:
    interpolations: bool = False
    library: Library = STANDARD
    schedule_argument: bool = False  # inside an argument that runs on another clock
    laps: bool = False
    prevs: bool = False
    found: list[Diagnostic] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    lists: set[str] = field(default_factory=set)  # parameters that are lists
    later: frozenset[str] = frozenset()  # names given after this one

    def add(
        self, code: str, message: str, span: Span, help: str | None = None,
        severity: Literal["error", "warning"] = "error",
    ) -> Kind:  # fmt: skip
        self.found.append(Diagnostic(code, message, span, severity, help))
        return "any"

    def hides(self, name: str, span: Span) -> None:
        if name in NAMES or STANDARD.signature(name):
            self.add("LRD014", f"`{name}` hides the built-in `{name}`", span, severity="warning")

    def parameter(self, name: str, span: Span) -> None:
        if not name.isidentifier() or not name.isascii() or name in RESERVED:
            self.add("LRD017", f"the parameter `{name}` has a name that no text can use", span)
        else:
            self.hides(name, span)

    def binding(
        self, binding: tree.Binding, names: dict[str, Kind], first: dict[str, Span],
        program: tree.Program,
    ) -> None:  # fmt: skip
        """One name after `where`; it may stand inside `cycle` and `recur`."""
        self.hides(binding.name, binding.name_span)
        if binding.name in first:
            labels = (Label(first[binding.name], "first here"),)
            message = f"`{binding.name}` is given twice"
            self.found.append(Diagnostic("LRD015", message, binding.name_span, labels=labels))
        later = {each.name for each in program.bindings} - first.keys() - names.keys()
        inner = replace(self, schedule_argument=True, later=frozenset(later))
        names.setdefault(binding.name, inner.infer(binding.value, names))

    def unused(self, program: tree.Program, params: Parameters) -> None:
        for binding in program.bindings:
            if binding.name not in self.used:
                message = f"`{binding.name}` is never used"
                self.add("LRD013", message, binding.name_span, severity="warning")
        for name in params:
            if name not in self.used and all(b.name != name for b in program.bindings):
                message = f"the parameter `{name}` is never used"
                self.add("LRD013", message, program.body.span, severity="warning")

    def number(self, node: Node, names: dict[str, Kind]) -> None:
        self.expect("number", node, names)

    def expect(self, wanted: Kind, node: Node, names: dict[str, Kind]) -> None:
        got = self.infer(node, names)
        if "any" not in (got, wanted) and got != wanted:
            self.mismatch(wanted, got, node)

    def mismatch(self, wanted: Kind, got: Kind, node: Node) -> Kind:
        help_ = None
        if (wanted, got) == ("number", "time"):
            help_ = "divide it by a time: `t / 1ep` counts epochs"
        elif (wanted, got) == ("number", "truth"):
            help_ = "choose with it: `a if condition else b`"
        elif (wanted, got) == ("truth", "number"):
            help_ = "compare it: `epoch < 5`"
        elif (wanted, got) == ("time", "number"):
            help_ = "give it a unit: `5ep`, `300st`, `10%`"
        code = "LRD102" if "truth" in (wanted, got) else "LRD101"
        message = f"{_WORDS[got]} where {_WORDS[wanted]} is needed"
        return self.add(code, message, node.span, help_)

    def infer(self, node: Node, names: dict[str, Kind]) -> Kind:
        match node:
            case tree.Number():
                return "number"
            case tree.Call():
                return self.call(node, names)
            case tree.Name():
                return self.name(node, names)
            case tree.Time():
                return "time"
            case tree.Bad():
                return self.bad(node)
            case tree.Interpolation():
                if self.interpolations:
                    return "any"
                message = f"`{node.text}` is not resolved: an interpolation belongs to a config"
                return self.add("LRD106", message, node.span, "give the value in `params`")
            case tree.List():
                for item in node.items:
                    self.infer(item, names)
                message = "a list stands only as an argument"
                return self.add("LRD103", message, node.span, "for example `pick([1, 2], 0)`")
            case tree.Comparison():
                return self.comparison(node, names)
            case tree.Sequence():
                return self.sequence(node, names)
        raise AssertionError(node)

    def bad(self, node: tree.Bad) -> Kind:
        last = node.text.rpartition(".")[2]
        if not node.text[0].isalpha() or not last.isidentifier() or not node.text.isascii():
            self.found.append(describe_bad(node))
            return "any"
        close = suggestion(last, [*NAMES, *self.library.names()])
        help_ = f"names have no dots: write `{close}`" if close else "names have no dots"
        return self.add("LRD010", f"unknown name `{node.text}`", node.span, help_)

    def name(self, node: tree.Name, names: dict[str, Kind]) -> Kind:
        name = node.name
        if name in names:
            self.used.add(name)
            if name in self.lists:
                return self.add(
                    "LRD103", f"the list `{name}` stands only as an argument", node.span
                )
            return names[name]
        if name not in NAMES:
            return self.unknown(node, names)
        if (name == "lap" and not (self.laps or self.schedule_argument)) or (
            name == "prev" and not (self.prevs or self.schedule_argument)
        ):
            home = "cycle" if name == "lap" else "recur"
            return self.add("LRD016", f"`{name}` has a meaning only inside `{home}`", node.span)
        return NAMES[name].type

    def unknown(self, node: tree.Name, names: dict[str, Kind]) -> Kind:
        signature = self.library.signature(node.name)
        if signature:
            message = f"`{node.name}` is a function"
            return self.add("LRD010", message, node.span, f"call it: `{signature}`")
        if node.name in self.later:
            return self.add("LRD010", f"`{node.name}` is given after its use", node.span)
        close = suggestion(node.name, [*names, *NAMES, *self.library.names()])
        help_ = (
            f"did you mean `{close}`?"
            if close
            else f"give it a value: `... where {node.name} = 0.1`"
        )
        help_ = WORD_HELP.get(node.name, help_)
        return self.add("LRD010", f"unknown name `{node.name}`", node.span, help_)

    def comparison(self, node: tree.Comparison, names: dict[str, Kind]) -> Kind:
        kinds = [self.infer(operand, names) for operand in node.operands]
        for kind, operand in zip(kinds, node.operands, strict=True):
            if kind == "truth":
                return self.add("LRD102", "a condition cannot be compared", operand.span)
        known = [kind for kind in kinds if kind != "any"]
        if len(set(known)) < 2:
            return "truth"
        other = next(kind for kind in known if kind != known[0])
        message = f"{_WORDS[known[0]]} compared with {_WORDS[other]}"
        help_ = "compare like with like: `epoch < 5` or `t < 5ep`"
        return self.add("LRD104", message, node.span, help_)

    def sequence(self, node: tree.Sequence, names: dict[str, Kind]) -> Kind:
        for part in node.parts[:-1]:
            if part.duration is None:
                span = Span(part.span.end, part.span.end + 1)
                help_ = "say how long: `... for 5 epochs then ...`"
                self.add("LRD005", "every part but the last needs `for`", span, help_)
        for part in node.parts:
            self.number(part.body, names)
            if part.duration is not None:
                self.time(part.duration, names)
        return "number"

    def time(self, node: Node, names: dict[str, Kind]) -> None:
        """A time; a bare number counts epochs."""
        got = self.infer(node, names)
        if got == "truth":
            self.mismatch("time", got, node)

    def call(self, node: tree.Call, names: dict[str, Kind]) -> Kind:
        match node.name:
            case "+":
                return self.alike(node.operands, names, "added to")
            case "*" | "/":
                return self.product(node, names)
            case "-":
                return self.quantity(node.operands[0], names)
            case "//":
                kinds = [self.quantity(operand, names) for operand in node.operands]
                return self.quotient(node, *kinds)
            case "^":
                for operand in node.operands:
                    self.number(operand, names)
                return "number"
            case "and" | "or" | "not":
                kinds = [self.infer(operand, names) for operand in node.operands]
                if "any" in kinds:
                    return "any"
                for kind, operand in zip(kinds, node.operands, strict=True):
                    if kind in ("number", "time"):
                        return self.mismatch("truth", kind, operand)
                return "truth"
            case "if":
                yes, test, no = node.operands
                self.expect("truth", test, names)
                kinds = [self.infer(yes, names), self.infer(no, names)]
                return "truth" if kinds == ["truth"] * 2 else self.same((yes, no), kinds, "beside")
        return self.function(node, names)

    def quantity(self, node: Node, names: dict[str, Kind]) -> Kind:
        return self.no_truth(node, self.infer(node, names))

    def no_truth(self, node: Node, kind: Kind) -> Kind:
        return self.mismatch("number", kind, node) if kind == "truth" else kind

    def alike(self, operands: tuple[Node, ...], names: dict[str, Kind], verb: str) -> Kind:
        return self.same(operands, [self.infer(node, names) for node in operands], verb)

    def same(self, operands: tuple[Node, ...], kinds: list[Kind], verb: str) -> Kind:
        """The kind of quantities that must be of one kind."""
        first: Kind = "any"
        unknown = False
        for operand, inferred in zip(operands, kinds, strict=True):
            kind = self.no_truth(operand, inferred)
            unknown = unknown or kind == "any"
            if "any" not in (kind, first) and kind != first:
                message = f"{_WORDS[kind]} {verb} {_WORDS[first]}"
                help_ = "give a number a unit (`5ep`), or divide a time by a time (`t / 1ep`)"
                inner = operand
                if isinstance(operand, tree.Call) and operand.name == "-":
                    inner = operand.operands[0]
                return self.add("LRD101", message, inner.span, help_)
            first = kind if first == "any" else first
        return "any" if unknown else first

    def product(self, node: tree.Call, names: dict[str, Kind]) -> Kind:
        power, unknown = 0, False
        for operand in node.operands:
            inverse = isinstance(operand, tree.Call) and operand.name == "/"
            inner = operand.operands[0] if inverse else operand  # type: ignore[attr-defined]
            got = self.quantity(inner, names)
            unknown = unknown or got == "any"
            power += (got == "time") * (-1 if inverse else 1)
        if unknown:
            return "any"
        if power in (0, 1):
            return "time" if power else "number"
        message = "a time times a time" if power > 1 else "a number divided by a time"
        help_ = "a time divided by a time is a number: `t / 1ep` counts epochs"
        return self.add("LRD101", message, node.span, help_)

    def quotient(self, node: tree.Call, left: Kind, right: Kind) -> Kind:
        if "any" in (left, right):
            return "any"
        if left != right:
            message = f"{_WORDS[left]} divided into whole parts by {_WORDS[right]}"
            help_ = "`//` wants two numbers or two times: `t // 10ep`, `epoch // 10`"
            return self.add("LRD101", message, node.span, help_)
        return "number"

    def function(self, node: tree.Call, names: dict[str, Kind]) -> Kind:
        signature = self.library.signature(node.name)
        if signature is None:
            for operand in node.operands:
                self.loosely(operand, names)
            return self.unknown_function(node)
        given, found = match_arguments(signature, node)
        self.found += found
        if found:
            for operand in node.operands:
                self.loosely(operand, names)
            return "any" if signature.result == "quantity" else "number"
        if signature.result == "quantity":
            operands = tuple(argument.value for argument in node.arguments)
            return self.alike(operands, names, "beside")
        for parameter in signature.parameters:
            for argument in given.get(parameter.name, ()):
                self.argument(parameter, argument.value, names, signature.name)
        self.lengths(node, given)
        return "number"

    def lengths(self, node: tree.Call, given: dict[str, list[tree.Argument]]) -> None:
        """The lists of a call: as many elements as each other need, boundaries in order."""
        lists = {
            name: arguments[0].value.items
            for name, arguments in given.items()
            if isinstance(arguments[0].value, tree.List)
        }
        for name, items in lists.items():
            if not items and not (node.name == "piecewise" and name == "boundaries"):
                span = given[name][0].value.span
                self.add("LRD301", f"`{name}` of `{node.name}` is empty", span)
        if node.name == "piecewise" and len(lists) == 2 and lists["values"]:
            b, v = len(lists["boundaries"]), len(lists["values"])
            if v != b + 1:
                noun = "1 boundary needs" if b == 1 else f"{b} boundaries need"
                message = f"{noun} {b + 1} values, got {v}"
                self.add("LRD301", message, given["values"][0].value.span)
        if node.name == "interp" and len(lists) == 2 and all(lists.values()):
            t, v = len(lists["times"]), len(lists["values"])
            if t != v:
                noun = "1 time needs 1 value" if t == 1 else f"{t} times need {t} values"
                message = f"{noun}, got {v}"
                self.add("LRD301", message, given["values"][0].value.span)
        if node.name in ("piecewise", "interp"):
            times = lists.get("boundaries", lists.get("times", ()))
            self.found += boundary_problems(_comparable(times))

    def loosely(self, node: Node, names: dict[str, Kind]) -> None:
        """Problems inside an argument whose parameter is not known."""
        inner = replace(self, laps=True, prevs=True)
        for each in node.items if isinstance(node, tree.List) else (node,):
            inner.infer(each, names)

    def unknown_function(self, node: tree.Call) -> Kind:
        if node.name in NAMES:
            message = f"`{node.name}` is not a function"
            return self.add("LRD010", message, node.name_span, "a product is written with `*`")
        close = suggestion(node.name, self.library.names())
        help_ = f"did you mean `{close}`?" if close else "`lrdsl functions` lists them all"
        help_ = WORD_HELP.get(node.name, help_)
        return self.add("LRD010", f"unknown function `{node.name}`", node.name_span, help_)

    def argument(
        self, parameter: Parameter, node: Node, names: dict[str, Kind], function: str = ""
    ) -> None:
        match parameter.type:
            case "numbers" | "times":
                self.items(parameter, node, names)
            case "time":
                self.time(node, names)
            case "schedule":
                home = function not in ("at",)
                inner = replace(
                    self,
                    laps=self.laps or function == "cycle" or function not in BUILTINS,
                    prevs=self.prevs or function == "recur" or function not in BUILTINS,
                    schedule_argument=self.schedule_argument or (home and function not in BUILTINS),
                )
                inner.number(node, names)
            case _:
                self.number(node, names)

    def items(self, parameter: Parameter, node: Node, names: dict[str, Kind]) -> None:
        if isinstance(node, tree.Name) and node.name in self.lists:
            self.used.add(node.name)
            return
        if isinstance(node, tree.Interpolation) and self.interpolations:
            return
        if not isinstance(node, tree.List):
            if self.infer(node, names) != "any":
                message = f"`{parameter.name}` is a list"
                self.add("LRD103", message, node.span, "write it in brackets: `[30, 60]`")
            return
        for item in node.items:
            if parameter.type == "times":
                self.time(item, names)
            else:
                self.number(item, names)

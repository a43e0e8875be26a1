"""Calls as other libraries' users write them, `StepLR(step_size=30)`, read without running them."""

from __future__ import annotations

import ast
import difflib
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

MAX_LENGTH = 10_000
# Names in a call that are no values: torch's first argument, TF1's step.
OPTIMIZERS = ("optimizer", "opt", "optim")
PLACES = ("global_step", "x")
_OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: lambda base, power: float(base) ** float(power),
}


@dataclass(frozen=True)
class Code:
    """An argument that only running it could give: a lambda, a name, a call of something."""

    text: str


@dataclass(frozen=True)
class Spec:
    """The name of a schedule and its arguments, as given."""

    name: str
    arguments: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)


def read_spec(spec: object, what: str = "a schedule") -> Spec:
    """A spec from a text (`StepLR(30)`, or only the name), or from a pair of name and arguments."""
    if isinstance(spec, str):
        spec = read_value(spec)
    match spec:
        case Spec():
            return spec
        case Code(text=text) if text.replace(".", "_").isidentifier():
            return Spec(text.rpartition(".")[2])
        case (str(name), Mapping() as named):
            return Spec(name, (), named)
    raise ValueError(f"{what} is written as a call, like `name(argument=1)`, not as {shown(spec)}")


def read_value(text: str) -> Any:
    """A Python literal, with arithmetic on numbers and calls (as `Spec`) inside."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"the text has {len(text):,} characters; the limit is {MAX_LENGTH:,}")
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "it is nested too deep"
        raise ValueError(f"{shown(text)} cannot be read: {reason}") from None
    except ArithmeticError as error:
        raise ValueError(f"{shown(text)} cannot be computed: {error}") from None


def read_arguments(words: Sequence[str]) -> dict[str, Any]:
    """Arguments written `NAME=VALUE`; a bare word is a text."""
    arguments: dict[str, Any] = {}
    for word in words:
        name, equal, text = word.partition("=")
        if not equal or not name.isidentifier() or name in arguments:
            how = "twice" if name in arguments else "without `NAME=`"
            raise ValueError(f"{shown(word)} is given {how}")
        value = read_value(text)
        arguments[name] = value.text if isinstance(value, Code) else value
    return arguments


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None as value):
            return value
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item) for item in items]
        case ast.Dict(keys=keys, values=values) if None not in keys:
            pairs = zip(keys, values, strict=True)
            return {_key(_value(key)): _value(value) for key, value in pairs if key is not None}
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            inner = _value(operand)
            if type(inner) in (int, float):
                return -inner if isinstance(sign, ast.USub) else inner
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            operands = _value(left), _value(right)
            if all(type(each) in (int, float) for each in operands):
                return _OPERATIONS[type(op)](*operands)
        case ast.Call(func=ast.Name() | ast.Attribute() as function):
            return _call(node, ast.unparse(function).rpartition(".")[2])
    return Code(ast.unparse(node))


def _key(value: Any) -> Any:
    if type(value) not in (int, float, str):
        raise ValueError("the keys of a mapping are numbers or names")
    return value


def _call(node: ast.Call, name: str) -> Any:
    if any(isinstance(each, ast.Starred) for each in node.args):
        raise ValueError(f"`{name}`: write the arguments out instead of `*`")
    if any(each.arg is None for each in node.keywords):
        raise ValueError(f"`{name}`: write the arguments out instead of `**`")
    named = {each.arg: _value(each.value) for each in node.keywords if each.arg}
    if name == "dict" and not node.args:
        return named
    return Spec(name, tuple(_value(each) for each in node.args), named)


def with_arguments(spec: Spec, arguments: Mapping[str, Any]) -> Spec:
    """A spec with more arguments; raises ValueError for one that it has already."""
    twice = sorted(spec.named.keys() & arguments.keys())
    if twice:
        raise ValueError(f"`{twice[0]}` of `{spec.name}` is given twice")
    return replace(spec, named={**spec.named, **arguments})


def bind(signature: Spec, spec: Spec, ignored: Iterable[str] = ()) -> dict[str, Any]:
    """The arguments of a call by name, the defaults of the signature included.

    A signature's positional arguments are the required ones. What is `ignored` may be given,
    and has no effect on the rates.
    """
    required = [each.text for each in signature.arguments]
    names, usage = [*required, *signature.named], _call_text(signature)
    given = list(spec.arguments)
    if given and isinstance(given[0], Code) and given[0].text.rpartition(".")[2] in OPTIMIZERS:
        del given[0]
    if len(given) > len(names):
        raise ValueError(f"{usage} takes {len(names)} arguments, not {len(given)}")
    bound = dict(zip(names, given, strict=False))
    for name, value in spec.named.items():
        if name in bound:
            raise ValueError(f"`{name}` of {usage} is given twice")
        if name in names:
            bound[name] = value
        elif name not in ignored:
            near = did_you_mean(name, names)
            raise ValueError(f"`{spec.name}` has no argument {shown(name)}{near}; it is {usage}")
    if missing := [name for name in required if name not in bound and name not in PLACES]:
        needed = " and ".join(f"`{name}`" for name in missing)
        raise ValueError(f"`{spec.name}` needs {needed}; it is {usage}")
    return {**signature.named, **bound}


def _call_text(signature: Spec) -> str:
    named = [f"{name}={value!r}" for name, value in signature.named.items()]
    return f"`{signature.name}({', '.join([*(a.text for a in signature.arguments), *named])})`"


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """` (did you mean ...?)`, or nothing when no known name is near."""
    folded = {name.lower(): name for name in known}
    near = difflib.get_close_matches(str(word).lower(), folded, n=1, cutoff=0.6)
    return f" (did you mean `{folded[near[0]]}`?)" if near else ""


def shown(value: object) -> str:
    """A value in a message: short, without control characters."""
    text = value if isinstance(value, str) else value.text if isinstance(value, Code) else None
    text = ascii(value) if text is None else ascii(text)[1:-1]
    return f"`{text if len(text) <= 60 else text[:57] + '...'}`"

"""Command-line words as people type them to the words that Hydra's own grammar accepts."""

from __future__ import annotations

import inspect
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

# The config keys whose value is a schedule; `KEY.expr` counts too.
SCHEDULE_KEYS = ("schedule", "*.schedule", "lr", "*.lr", "*learning_rate")

Named = Callable[[str], Mapping[str, Any] | None]

# Options of Hydra's command line whose value is the next word.
_VALUED = {
    "-c", "--cfg", "-p", "--package", "-cp", "--config-path", "-cn", "--config-name",
    "-cd", "--config-dir", "-i", "--info", "--experimental-rerun",
}  # fmt: skip
_WORD = re.compile(r"(\+\+?|~)?([A-Za-z_$][\w$./@:-]*)=(.*)", re.DOTALL)
_CALL = re.compile(r"\s*([A-Za-z_]\w*)\s*\((.*)\)\s*", re.DOTALL)
_BINDING = re.compile(r"\s*[A-Za-z_]\w*\s*=(?!=)")
_PLAIN = re.compile(r"[\w.+-]+")
# What Hydra can neither read bare nor escape, so that its functions lose it.
_UNSPEAKABLE = re.compile(r"[\^<>!;#&~\"'\n]")


def rewrite(
    words: Sequence[str], keys: Sequence[str] = SCHEDULE_KEYS, named: Named | None = None
) -> list[str]:
    """The same command line, every expression quoted for Hydra; ordinary words stay as they are.

    With `named`, which looks up a named schedule, `KEY=NAME` becomes the schedule itself where
    that is needed to change a number inside it.
    """
    out = list(words)
    for index in _override_indices(out):
        out[index] = rewrite_word(out[index], keys)
    return _spell_out(out, keys, named) if named else out


def _override_indices(words: Sequence[str]) -> Iterator[int]:
    """Where the overrides are: not options, and not the values of options."""
    after_option = only_overrides = False
    for index, word in enumerate(words):
        if only_overrides or not (after_option or word.startswith("-")):
            yield index
        only_overrides = only_overrides or (word == "--" and not after_option)
        after_option = not (only_overrides or after_option) and _takes_value(word)


def _takes_value(word: str) -> bool:
    """Whether the next word belongs to this option; argparse lets long ones be shortened."""
    long = len(word) > 4 and word.startswith("--")
    return word in _VALUED or (long and any(option.startswith(word) for option in _VALUED))


def overrides_of(words: Sequence[str]) -> list[str]:
    """The overrides of a command line, without options."""
    return [words[index] for index in _override_indices(words) if words[index] != "--"]


def rewrite_word(word: str, keys: Sequence[str] = SCHEDULE_KEYS) -> str:
    """One override, with what Hydra refuses and the schedule language accepts in quotes."""
    match = _WORD.fullmatch(word)
    if not match:
        return word
    ours = _anything if is_schedule_key(match[2], keys) else _is_expression
    value = _rewrite_value(match[3], ours)
    return word if value == match[3] else f"{match[1] or ''}{match[2]}={value}"


def is_schedule_key(key: str, keys: Sequence[str] = SCHEDULE_KEYS) -> bool:
    key = key.removesuffix(".expr")
    return any(fnmatchcase(key, pattern) for pattern in keys)


def _anything(item: str) -> bool:
    """Under a schedule's key even a broken text is ours: the caret message is."""
    return True


def _is_expression(item: str) -> bool:
    from lrdsl.language.typecheck import problems

    return not any(found.severity == "error" for found in problems(item, interpolations=True))


def _rewrite_value(value: str, ours: Callable[[str], bool]) -> str:
    call = _hydra_call(value)
    if call and call[1] == "choice":
        # Hydra's choice() loses the quotes of its items; the comma form is the same sweep.
        items = split(call[2])
        if any(item[:1] in ("'", '"') or not _accepted(item) for item in items):
            value = ",".join(items)
    if _accepted(value):
        return value
    return ",".join(_rewrite_item(item, ours) for item in split(value))


def _hydra_call(value: str) -> re.Match[str] | None:
    """`value` as one call of a function of Hydra's, such as `shuffle(a, b)`."""
    call = _CALL.fullmatch(value)
    found = call and call[1] in _hydra_functions() and _closes_at_end(value)
    return call if found else None


def _closes_at_end(value: str) -> bool:
    """Whether the first bracket is closed by the last character: one call, not `f(x) * g(y)`."""
    depth = 0
    for offset, char in enumerate(value.rstrip()):
        depth += (char == "(") - (char == ")")
        if depth == 0 and char == ")":
            return offset == len(value.rstrip()) - 1
    return False


def _rewrite_argument(argument: str, ours: Callable[[str], bool]) -> str:
    name = _BINDING.match(argument)
    start = name.end() if name else 0
    return argument[:start].strip() + _rewrite_item(argument[start:].strip(), ours)


def _rewrite_item(item: str, ours: Callable[[str], bool]) -> str:
    if _accepted(item):
        return item
    if call := _hydra_call(item):
        return f"{call[1]}({','.join(_rewrite_argument(each, ours) for each in split(call[2]))})"
    if item[:1] + item[-1:] == "{}":
        pairs = (pair.partition(":") for pair in split(item[1:-1]))
        return _joined("{}", (f"{k}:{_rewrite_item(v.strip(), ours)}" for k, _, v in pairs))
    if item[:1] + item[-1:] == "[]":
        return _joined("[]", (_rewrite_item(each, ours) for each in split(item[1:-1])))
    return quoted(item) if ours(item) else item


def _joined(brackets: str, items: Iterable[str]) -> str:
    return f"{brackets[0]}{','.join(items)}{brackets[1]}"


def quoted(text: str, mark: str = "'") -> str:
    """`text` as a quoted string of Hydra's grammar."""

    def escape(match: re.Match[str]) -> str:
        return match[1] * 2 + (f"\\{mark}" if match[2] else "")

    # Backslashes count only before a quote, the closing one included.
    return mark + re.sub(rf"(\\*)({mark}|\Z)", escape, text) + mark


def split(text: str) -> list[str]:
    """The items between top-level commas; a comma inside `where a = 1, b = 2` is not one."""
    items: list[str] = []
    for piece in _pieces(text):
        if items and _BINDING.match(piece) and re.search(r"\bwhere\b", items[-1]):
            items[-1] += f",{piece}"
        else:
            items.append(piece)
    return [item.strip() for item in items]


def _pieces(text: str) -> Iterator[str]:
    depth = start = position = 0
    while position < len(text):
        char = text[position]
        if char in "\"'":
            position = _end_of_quote(text, position)
        depth = max(depth + (char in "([{") - (char in ")]}"), 0)
        if char == "," and depth == 0:
            yield text[start:position]
            start = position + 1
        position += 1
    yield text[start:]


def _end_of_quote(text: str, start: int) -> int:
    """Where the quote at `start` closes; `start` itself when it never does."""
    match = re.compile(rf"{text[start]}(?:\\.|[^\\])*?{text[start]}", re.DOTALL).match(text, start)
    return match.end() - 1 if match else start


@cache
def _parser() -> Any:
    from hydra.core.override_parser.overrides_parser import OverridesParser

    return OverridesParser.create()


def _hydra_functions() -> Mapping[str, Any]:
    functions: Mapping[str, Any] = _parser().functions.functions
    return functions


def _accepted(value: str) -> bool:
    return parse_override(f"key={value}") is not None


def parse_override(word: str) -> Override | None:
    """Hydra's own reading of a word; None when it has none."""
    from hydra.errors import HydraException

    parser = _parser()
    parse_rule = inspect.unwrap(type(parser).parse_rule)  # what `install` may have wrapped
    try:
        return parse_rule(parser, word, "override")
    except (HydraException, ValueError):
        return None


def lost_in_call(word: str) -> str | None:
    """The Hydra function of this word that would lose the quotes of an expression, if any."""
    match = _WORD.fullmatch(word)
    call = _hydra_call(match[3]) if match else None
    if not call or not _accepted(call[0]):
        return None
    items = (item for item in _flat(call[2]) if item[:1] in "\"'")
    return call[1] if any(_UNSPEAKABLE.search(item[1:-1]) for item in items) else None


def _flat(arguments: str) -> Iterator[str]:
    for item in split(arguments):
        call = _hydra_call(item)
        yield from _flat(call[2]) if call else [item]


def _spell_out(words: list[str], keys: Sequence[str], named: Named) -> list[str]:
    """Put the schedule itself for its name wherever a word changes a number inside it.

    Hydra merges a mapping into the one that stands there, so the key is emptied first.
    """
    multirun = any(word in ("-m", "--multirun") for word in words)
    for index in list(_override_indices(words)):
        match = _WORD.fullmatch(words[index])
        if not match or match[1] == "~" or not is_schedule_key(match[2], keys):
            continue
        inside = [i for i in _override_indices(words) if _key(words[i]).startswith(f"{match[2]}.")]
        value = _spelled(words[index], [_key(words[i]) for i in inside], named)
        empty = f"++{match[2]}=null"
        if not match[1] and _is_whole(words[index]) and empty not in words:
            return _spell_out([*words[:index], empty, *words[index:]], keys, named)
        if value and (inside or not multirun):
            new = [f"++{match[2]}=null", f"{match[2]}={value}"]
            first = min([index, *inside])
            rest = words[first:index] + words[index + 1 :]
            return _spell_out([*words[:first], *new, *rest], keys, named)
    return words


def _is_whole(word: str) -> bool:
    """Whether a word gives a schedule as a mapping with all of it: `KEY={expr: ..., ...}`."""
    override = parse_override(word)
    if override is None or override.is_sweep_override():
        return False
    value = override.value()
    return isinstance(value, Mapping) and "expr" in value


def _key(word: str) -> str:
    match = _WORD.fullmatch(word)
    return match[2] if match else ""


def _spelled(word: str, inside: Sequence[str], named: Named) -> str | None:
    """The value of `word` with every name, and every text that is given numbers, spelled out."""
    override = parse_override(word)
    if override is None or not (override.is_choice_sweep() or not override.is_sweep_override()):
        return None
    value: Any = override.value()
    items = list(value.list) if override.is_choice_sweep() and hasattr(value, "list") else [value]
    texts = [getattr(item, "text", item) for item in items]
    schedules = [_schedule(text, inside, named) for text in texts]
    if schedules == texts:
        return None
    return ",".join(_element(schedule) for schedule in schedules)


def _schedule(text: Any, inside: Sequence[str], named: Named) -> Any:
    if not isinstance(text, str):
        return text
    params = {key.rpartition(".")[2]: None for key in inside if ".params." in key}
    known = named(text)
    if known is not None:
        return known
    return {"expr": text, "params": params} if params else text


def _element(value: Any) -> str:
    """A value as an element of Hydra's grammar."""
    match value:
        case str():
            return quoted(value)
        case Mapping():
            return _joined("{}", (f"{key}:{_element(each)}" for key, each in value.items()))
        case list() | tuple():
            return _joined("[]", map(_element, value))
        case None:
            return "null"
        case bool():
            return str(value).lower()
    return repr(value)


def quote(word: str) -> str:
    """`KEY=EXPR` as a shell and Hydra without our decorator need it."""
    match = _WORD.fullmatch(word)
    if not match:
        raise ValueError(f"`{word}` is not an override; write `KEY=EXPR`")
    items = [item if _PLAIN.fullmatch(item) else _quote_item(item) for item in split(match[3])]
    return shlex.quote(f"{match[1] or ''}{match[2]}={','.join(items)}")


def _quote_item(item: str) -> str:
    already = item[:1] in ("'", '"') and _end_of_quote(item, 0) == len(item) - 1 > 0
    return item if already else quoted(item, '"')

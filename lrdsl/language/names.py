"""Name resolution: what a name means in its scope, or a problem that says what was meant."""

from __future__ import annotations

from typing import Any

from lrdsl.errors.diagnostics import Span
from lrdsl.language.builtins import LOCAL_NAMES, NAMES, RESERVED
from lrdsl.language.library import STANDARD
from lrdsl.language.scope import Scope, Type
from lrdsl.language.suggestions import WORD_HELP, suggestion
from lrdsl.syntax import tree


def name_type(node: tree.Name, scope: Scope) -> Type:
    """The type of what a name stands for; a text's own names hide built-in ones."""
    name = node.name
    if name in scope.names:
        scope.used.add(name)
        if scope.names[name] != "list":
            return scope.names[name]
        return scope.report("LRD103", f"the list `{name}` stands only as an argument", node.span)
    if name not in NAMES:
        return _unknown_name(node, scope)
    if name in LOCAL_NAMES - scope.local:
        message = f"`{name}` has a meaning only inside `{NAMES[name].inside}`"
        return scope.report("LRD016", message, node.span)
    return NAMES[name].type


def _unknown_name(node: tree.Name, scope: Scope) -> Type:
    name = node.name
    signature = scope.library.signature(name)
    if signature:
        return scope.report(
            "LRD010", f"`{name}` is a function", node.span, f"call it: `{signature}`"
        )
    if name in scope.later:
        return scope.report("LRD010", f"`{name}` is given after its use", node.span)
    close = suggestion(name, [*scope.names, *NAMES, *scope.library.names()])
    help_ = f"did you mean `{close}`?" if close else f"give it a value: `... where {name} = 0.1`"
    message = f"unknown name `{name}`"
    return scope.report("LRD010", message, node.span, WORD_HELP.get(name, help_))


def unknown_function(node: tree.Call, scope: Scope) -> Type:
    """Report a call of a name that is no function."""
    name, span = node.name, node.name_span
    if name in NAMES:
        help_ = "a product is written with `*`"
        return scope.report("LRD010", f"`{name}` is not a function", span, help_)
    close = suggestion(name, scope.library.names())
    help_ = f"did you mean `{close}`?" if close else "`lrdsl functions` lists them all"
    return scope.report("LRD010", f"unknown function `{name}`", span, WORD_HELP.get(name, help_))


def bad_word(node: tree.Bad, scope: Scope) -> Type:
    """Report a word that is none of the language: a wrong number, a foreign letter, `np.exp`."""
    last = node.text.rpartition(".")[2]
    if not node.text[0].isalpha() or not last.isidentifier() or not node.text.isascii():
        from lrdsl.syntax.syntax_errors import describe_bad

        scope.found.append(describe_bad(node))
        return "any"
    close = suggestion(last, [*NAMES, *scope.library.names()])
    help_ = f"names have no dots: write `{close}`" if close else "names have no dots"
    return scope.report("LRD010", f"unknown name `{node.text}`", node.span, help_)


def check_hiding(name: str, span: Span, scope: Scope) -> None:
    """Warn of a name that hides a built-in."""
    if name in NAMES or STANDARD.signature(name):
        message = f"`{name}` hides the built-in `{name}`"
        scope.report("LRD014", message, span, severity="warning")


def check_param_name(name: Any, span: Span, scope: Scope) -> None:
    """Report a key of `params` that is no name, or warn of one that hides a built-in."""
    if isinstance(name, str) and name.isidentifier() and name.isascii() and name not in RESERVED:
        check_hiding(name, span, scope)
    else:
        message = f"the parameter `{name}` has a name that no text can use"
        scope.report("LRD017", message, span)
        scope.used.add(name)  # so that it is not reported again as never used

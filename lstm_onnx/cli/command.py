"""Makes a command of a function: its options from the fields of pydantic models, its result printed.

A parameter that is annotated with a subclass of `Options` becomes an option for each of its fields, and the function
gets the object. Help texts, defaults, bounds and choices so stand once, in the model.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import typer
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from rich.markup import escape
from typer.core import TyperCommand

from lstm_onnx.cli.console import Result, out, show
from lstm_onnx.errors import UserError
from lstm_onnx.options import Options, choices, field_flag, flag, placed, validate, without_none
from lstm_onnx.progress import showing

BOUNDS: dict[type, tuple[str, str]] = {Ge: ("≥", "ge"), Gt: (">", "gt"), Le: ("≤", "le"), Lt: ("<", "lt")}

AsJson = Annotated[bool, typer.Option("--json", help="print JSON instead of tables")]


def make_command(
    name: str,
    help: str,
    function: Callable[..., Result | None],
    models: Mapping[str, type[BaseModel]] | None = None,
) -> TyperCommand:
    """Make a command that calls `function` and prints what it returns.

    Args:
        name: of the command.
        help: what it does, in a sentence.
        function: takes what is given on the command line. `as_json`, if it has such a parameter, says whether JSON was
            asked for.
        models: whose fields are options too, a panel each, and go to `function` as keywords, where they are given.

    Raises:
        UserError: a model has a field that is called as one of the command's own options.
    """
    signature, bundles = inspect.signature(function, eval_str=True).parameters, _bundles(function)
    fixed = [p for p in signature.values() if p.name not in {*bundles, "as_json"} and p.kind is not p.VAR_KEYWORD]
    made = [_parameter(n, f) for model in bundles.values() for n, f in model.model_fields.items()]
    made.append(inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=AsJson))
    taken = {p.name for p in (*fixed, *made)}
    for owner, extra in (models or {}).items():
        if clash := taken & set(extra.model_fields):
            raise UserError(f"option {flag(min(clash))} belongs to {name} and to {owner}; rename it in the plugin")
        made += [_parameter(n, f, owner) for n, f in extra.model_fields.items()]

    def callback(**values: Any) -> None:
        as_json = values["as_json"]
        arguments = {p.name: values[p.name] for p in fixed}
        for parameter, model in bundles.items():
            arguments[parameter] = validate(model, given(values, model), name)
        for extra in (models or {}).values():
            arguments |= given(values, extra)
        if "as_json" in signature:
            arguments["as_json"] = as_json
        with showing(None if as_json or values.get("quiet") else out):
            result = function(**arguments)
        if result is not None:
            show(result, as_json)

    keywords = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*fixed, *made)]
    callback.__signature__ = inspect.Signature(keywords)  # type: ignore[attr-defined]
    app = typer.Typer(rich_markup_mode="rich")
    app.command(name, help=help)(callback)
    command = typer.main.get_group(app).commands[name]
    assert isinstance(command, TyperCommand)
    return command


def given(values: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Pick the values of a model's fields, leaving out those that were not given."""
    return {name: values[name] for name in model.model_fields if values.get(name) not in (None, [])}


def models_of(function: Callable[..., Result | None]) -> list[type[Options]]:
    """Return the models whose fields are options of a command's function."""
    return list(_bundles(function).values())


def _bundles(function: Callable[..., Result | None]) -> dict[str, type[Options]]:
    parameters = inspect.signature(function, eval_str=True).parameters.values()
    kinds = {p.name: p.annotation for p in parameters}
    return {name: kind for name, kind in kinds.items() if inspect.isclass(kind) and issubclass(kind, Options)}


def _parameter(name: str, field: FieldInfo, panel: str | None = None) -> inspect.Parameter:
    """Return the parameter of a field, as Typer reads it.

    Every default is None, so that a value that was given can be told from one that was not. In a panel of its own,
    where a file may have set it, a switch can be turned off again.
    """
    kind, place = without_none(field.annotation), placed(field)
    complete = place.complete
    if is_list(field):
        item = _item(field)
        kind = list[item] if item in (int, float) else list[str]  # type: ignore[valid-type]
        if words := choices(field):
            complete = lambda: list(words)  # noqa: E731
    long = field_flag(name, field)
    if kind is bool and panel is not None:
        long += f"/{flag('no_' + name)}"
    option = typer.Option(
        *([f"-{place.short}"] if place.short else []),
        long,
        help=_help(field),
        metavar=place.metavar,
        autocompletion=complete,
        rich_help_panel=panel,
        show_default=_default_text(field.default) if panel is not None or kind is not bool else False,
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option]
    )


def _item(field: FieldInfo) -> Any:
    """Return the type of one value of a list, without its bounds; None where it is no list but a mapping."""
    kind = without_none(field.annotation)
    item = get_args(kind)[0] if get_origin(kind) is tuple else None
    return get_args(item)[0] if get_origin(item) is Annotated else item


def _help(field: FieldInfo) -> str:
    """Return the description as it is, brackets and colons included, with the bounds and what a list is of."""
    kind = without_none(field.annotation)
    item = get_args(kind)[0] if get_origin(kind) is tuple else None
    metadata = [*field.metadata, *(_bounds_of(item) if get_origin(item) is Annotated else ())]
    found = [(m, *BOUNDS[type(m)]) for m in metadata if type(m) in BOUNDS]
    limits = [f"{sign} {getattr(m, name):g}" for m, sign, name in found] or (choices(field) if is_list(field) else ())
    text = (field.description or "") + (f" ({', '.join(limits)})" if limits else "")
    return escape(text).replace(":", ":[b][/b]")  # or else Typer draws the emoji that stands between two colons


def _bounds_of(annotation: Any) -> Iterator[Any]:
    for m in get_args(annotation)[1:]:
        yield from m.metadata if isinstance(m, FieldInfo) else (m,)


def _default_text(default: Any) -> str | bool:
    if default is None or default == () or default == {}:
        return False
    if isinstance(default, bool):
        return "on" if default else "off"
    return " ".join(map(str, default)) if isinstance(default, tuple) else str(default)


def is_list(field: FieldInfo) -> bool:
    """Whether the field takes several values."""
    kind = without_none(field.annotation)
    return get_origin(kind) is tuple or (get_origin(kind) or kind) in (dict, Mapping)


def spread_lists(words: Sequence[str], models: Iterable[type[BaseModel]], free: bool = False) -> list[str]:
    """Turn `--quantiles 0.1 0.5` into `--quantiles 0.1 --quantiles 0.5`, for options whose field is a tuple.

    Args:
        words: of a command line.
        models: whose fields are its options.
        free: spread lists of any words too. A list of numbers ends at what is no number, one of choices at what is none
            of them, and one of any words at the name of a file: `train --target sales profit shop.csv`.
    """
    lists = {field_flag(n, f): f for model in models for n, f in model.model_fields.items() if is_list(f)}
    spread: list[str] = []
    current: str | None = None  # the list option whose values we are reading
    first = False
    for word in words:
        if word.startswith("-") and not _is_number(word):
            name, equals, _ = word.partition("=")
            current, first = name if name in lists else None, not equals
        elif first:
            first = False
        elif current is not None and _belongs(word, lists[current], free):
            spread.append(current)
        else:
            current = None
        spread.append(word)
    return spread


def _belongs(word: str, field: FieldInfo, free: bool) -> bool:
    item = _item(field)
    if item in (int, float):
        return _is_number(word)
    if known := choices(field):
        return word in known
    return (free or placed(field).spread) and item is str and not Path(word).is_file()


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True

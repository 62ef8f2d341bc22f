"""Makes command-line options of the fields of pydantic models, and values of those fields of options and TOML."""

from __future__ import annotations

import inspect
import tomllib
import types
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lstm_onnx.errors import UserError, nearest
from lstm_onnx.options import flag


def parameters(model: type[BaseModel], panel: str) -> list[inspect.Parameter]:
    """Return one keyword parameter for each field, as Typer reads it from a function's `__signature__`.

    Every default is None, so that a value that was given can be told from one that was not.
    """
    return [_parameter(name, field, panel) for name, field in model.model_fields.items()]


def _parameter(name: str, field: FieldInfo, panel: str) -> inspect.Parameter:
    kind = _without_none(field.annotation)
    is_list = get_origin(kind) is tuple
    if is_list:
        kind = list[get_args(kind)[0]]  # type: ignore[misc]
    option = typer.Option(
        f"{flag(name)}/{flag('no_' + name)}" if kind is bool else flag(name),
        help=field.description,
        rich_help_panel=panel,
        show_default=_default_text(field.default),
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option]
    )


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, types.UnionType):
        return next(a for a in get_args(annotation) if a is not type(None))
    return annotation


def _default_text(default: Any) -> str | bool:
    if default is None or default == ():
        return False
    if isinstance(default, bool):
        return "on" if default else "off"
    return " ".join(map(str, default)) if isinstance(default, tuple) else str(default)


def is_list(field: FieldInfo) -> bool:
    """Whether the field takes several values."""
    return get_origin(_without_none(field.annotation)) is tuple


def spread_lists(arguments: Sequence[str], models: Sequence[type[BaseModel]]) -> list[str]:
    """Turn `--quantiles 0.1 0.5` into `--quantiles 0.1 --quantiles 0.5`, for options whose field is a tuple."""
    lists = {flag(name) for model in models for name, field in model.model_fields.items() if is_list(field)}
    return list(_spread(arguments, lists))


def _spread(arguments: Sequence[str], lists: set[str]) -> Iterator[str]:
    current: str | None = None  # the list option whose values we are reading
    for position, argument in enumerate(arguments):
        if argument.startswith("--"):
            current = argument if argument in lists else None
            if current is None or position + 1 == len(arguments):
                yield argument
        elif current is not None:
            yield from (current, argument)
        else:
            yield argument


def read_toml(path: Path, models: Mapping[str, type[BaseModel]]) -> dict[str, dict[str, Any]]:
    """Read options from a TOML file of flat keys, `batch_size = 32` or `batch-size = 32`.

    Args:
        path: the file.
        models: name -> model whose fields may stand in the file.

    Returns:
        For each name in `models`, the values of its fields.

    Raises:
        UserError: the file does not parse, or has a key that is no option.
    """
    content = _parse_toml(path)
    content.pop("plugin", None)  # the command line reads it before it knows the options
    known = {field: name for name, model in models.items() for field in model.model_fields}
    values: dict[str, dict[str, Any]] = {name: {} for name in models}
    for key, value in content.items():
        field = key.replace("-", "_")
        if field not in known:
            raise UserError(f"{path}: '{key}' is not an option of train{nearest(field, known)}")
        values[known[field]][field] = value
    return values


def plugin_in_toml(path: Path) -> str | None:
    """Return the value of the key `plugin`, if the file has it."""
    name = _parse_toml(path).get("plugin")
    return str(name) if name is not None else None


def _parse_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not valid TOML: {error}") from None


def split_values(given: Mapping[str, Any], models: Mapping[str, type[BaseModel]]) -> dict[str, dict[str, Any]]:
    """Sort values by the model whose field they are, leaving out those that were not given."""
    return {
        name: {f: given[f] for f in model.model_fields if given.get(f) not in (None, [])}
        for name, model in models.items()
    }


def named_values(given: Sequence[str]) -> dict[str, str]:
    """Take `NAME=VALUE` apart; a dash in a name is an underscore.

    Raises:
        UserError: one is no such pair.
    """
    pairs = [text.partition("=") for text in given]
    for name, equals, value in pairs:
        if not (name and equals and value):
            raise UserError(f"--set {name}{equals}{value}: expected NAME=VALUE")
    return {name.strip().replace("-", "_"): value.strip() for name, _, value in pairs}

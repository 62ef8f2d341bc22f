"""Options of a verb as one object: a model whose fields give types, defaults, bounds and help texts, once.

The command line makes its options of the fields, TOML files and keyword arguments are checked against them, and the
function that does the work takes the object.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from lstm_onnx.errors import UserError, nearest

ModelT = TypeVar("ModelT", bound=BaseModel)


class Options(BaseModel):
    """Base of the options of a verb: unknown names are refused, and nothing changes after it is made."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class OnCommandLine:
    """How a field stands on the command line, where its name and type do not say it; goes into `Annotated`.

    Attributes:
        name: of the option without dashes, where it is not that of the field.
        short: one letter, for `-o`.
        metavar: what its value looks like, where its type does not say.
        complete: returns the words that it may be, for a shell that asks.
        spread: of a list of any words: all words after it are its, up to the next option or the name of a file.
    """

    name: str | None = None
    short: str | None = None
    metavar: str | None = None
    complete: Callable[[], list[str]] | None = None
    spread: bool = False


def flag(name: str) -> str:
    """`batch_size` -> `--batch-size`."""
    return "--" + name.replace("_", "-")


def placed(field: FieldInfo) -> OnCommandLine:
    """Return how a field stands on the command line."""
    return next((m for m in field.metadata if isinstance(m, OnCommandLine)), OnCommandLine())


def field_flag(name: str, field: FieldInfo) -> str:
    """Return the option of a field: `--batch-size`."""
    return flag(placed(field).name or name)


def resolve(model: type[ModelT], options: ModelT | None, fields: Mapping[str, Any], of: str) -> ModelT:
    """Return the options of a call that takes them as one object, as keywords, or both; keywords win.

    Raises:
        UserError: a keyword is unknown or has a value that is not allowed; `of` says whose options they are.
    """
    if options is None:
        return validate(model, fields, of)
    stored = {name: getattr(options, name) for name in options.model_fields_set}
    return validate(model, {**stored, **fields}, of) if fields else options


def validate(model: type[ModelT], values: Mapping[str, Any], of: str) -> ModelT:
    """Build a model from option values.

    Raises:
        UserError: an option is unknown or has a value that is not allowed; `of` says whose options they are.
    """
    try:
        return model.model_validate({name: _several(model.model_fields.get(name), v) for name, v in values.items()})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        if first["type"] == "extra_forbidden":
            raise UserError(f"'{name}' is not an option of {of}{nearest(name, model.model_fields)}") from None
        message = first["msg"].removeprefix("Value error, ")
        field = model.model_fields.get(name)
        place = f"{field_flag(name, field) if field else flag(name)} {_text(first['input'])}" if name else of
        if first["type"] == "literal_error" and field is not None:
            message = f"there is no such {placed(field).name or name}{nearest(str(first['input']), choices(field))}"
        raise UserError(f"{place}: {message[0].lower()}{message[1:]}") from None


def _several(field: FieldInfo | None, value: Any) -> Any:
    """Take one value for a tuple of one, where a field takes several."""
    if field is None or get_origin(without_none(field.annotation)) is not tuple:
        return value
    return (value,) if isinstance(value, str | int | float) else value


def choices(field: FieldInfo) -> tuple[str, ...]:
    """Return the words that a field, or each of its values, may be; none where it is free."""
    kind = without_none(field.annotation)
    kind = get_args(kind)[0] if get_origin(kind) is tuple else kind
    return tuple(map(str, get_args(kind))) if get_origin(kind) is Literal else ()


def without_none(annotation: Any) -> Any:
    """`int | None` -> `int`."""
    if get_origin(annotation) in (Union, types.UnionType):
        return next(a for a in get_args(annotation) if a is not type(None))
    return annotation


def _text(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def check_disjoint(models: Mapping[str, type[BaseModel]]) -> None:
    """Refuse a task whose options hide those of training.

    Raises:
        UserError: two models have a field of the same name.
    """
    seen: dict[str, str] = {}
    for name, model in models.items():
        for field in model.model_fields:
            if field in seen:
                raise UserError(f"option {flag(field)} belongs to {seen[field]} and to {name}; rename it in the plugin")
            seen[field] = name


def named_values(given: Any) -> Any:
    """Take texts `NAME=VALUE` apart, of `--set`; a dash in a name is an underscore, and a mapping stays as it is.

    Raises:
        UserError: a text is not of this form.
    """
    if isinstance(given, Mapping):
        return given
    pairs = [text.partition("=") for text in given]
    for name, equals, value in pairs:
        if not (name and equals and value):
            raise UserError(f"--set {name}{equals}{value}: expected NAME=VALUE")
    return {name.strip().replace("-", "_"): value.strip() for name, _, value in pairs}

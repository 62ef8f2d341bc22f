"""Options of `train` from a TOML file, and from the words of the command line before Typer has read them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from lstm_onnx.errors import UserError, nearest


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
    for name in ("plugin", "data"):  # the command line reads them by themselves
        content.pop(name, None)
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


def data_in_toml(path: Path) -> Path | None:
    """Return the value of the key `data`, if the file has it: a path from where the file lies."""
    data = _parse_toml(path).get("data")
    return path.parent / str(data) if data is not None else None


def _parse_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not valid TOML: {error}") from None


def value_of(option: str, words: Sequence[str]) -> str | None:
    """Return what stands behind an option, as `--option VALUE` or `--option=VALUE`."""
    for position, word in enumerate(words):
        if word == option and position + 1 < len(words):
            return words[position + 1]
        if word.startswith(option + "="):
            return word.removeprefix(option + "=")
    return None

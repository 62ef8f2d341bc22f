"""The content of an `.onnx` file: parsing it, and the contract that it carries."""

from __future__ import annotations

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from lstm_onnx.contract import METADATA_KEY, Contract, from_json, to_json
from lstm_onnx.errors import UserError, first_line


def parse_model(content: bytes, where: str | Path) -> onnx.ModelProto:
    """Parse a file's content; weights outside of it are not looked for.

    Raises:
        UserError: it is no ONNX file.
    """
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:
        raise UserError(f"{where}: is no ONNX file ({first_line(error)})") from error
    if not model.graph.node:
        raise UserError(f"{where}: is no ONNX file (it has no graph)")
    return model


def contract_text(model: onnx.ModelProto) -> str | None:
    """Return the contract as it stands in the metadata, or None."""
    return next((p.value for p in model.metadata_props if p.key == METADATA_KEY), None)


def read_contract(model: onnx.ModelProto, where: str | Path) -> Contract | None:
    """Return the contract in a model's metadata, or None where there is none.

    Raises:
        UserError: it is broken, or of a version that this release does not read.
    """
    text = contract_text(model)
    return from_json(text, where) if text else None


def readable_contract(model: onnx.ModelProto | bytes) -> Contract | None:
    """Return the contract of a model, be it sound or not, as far as it can be read."""
    try:
        return read_contract(onnx.load_model_from_string(model) if isinstance(model, bytes) else model, "the file")
    except (UserError, DecodeError):
        return None


def add_contract(model: onnx.ModelProto, contract: Contract) -> onnx.ModelProto:
    """Return a copy of `model` that carries `contract`, in the place of any that it had."""
    carrying = onnx.ModelProto()
    carrying.CopyFrom(model)
    kept = [p for p in carrying.metadata_props if p.key != METADATA_KEY]
    del carrying.metadata_props[:]
    carrying.metadata_props.extend(kept)
    entry = carrying.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, to_json(contract)
    return carrying

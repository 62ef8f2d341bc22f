"""Options of a model: inputs with a default, which a caller may leave out or set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lstm_onnx.contract import Contract, TensorSpec
from lstm_onnx.errors import UserError, nearest


def with_defaults(contract: Contract, values: Mapping[str, Any]) -> Contract:
    """Return the contract with other defaults of its options.

    Raises:
        UserError: there is no such option, or it does not take such a value.
    """
    options = {t.name: t for t in contract.inputs if t.default is not None}
    for name in values:
        if name not in options:
            there = f"its options are {', '.join(options)}" if options else "it has no option"
            raise UserError(f"{contract.name}: has no option '{name}'{nearest(name, options)}; {there}")
    changed = {
        name: options[name].model_copy(update={"default": _value(options[name], v)}) for name, v in values.items()
    }
    return contract.model_copy(update={"inputs": tuple(changed.get(t.name, t) for t in contract.inputs)})


def parse_settings(given: Sequence[str]) -> dict[str, str]:
    """Take `NAME=VALUE` apart.

    Raises:
        UserError: one is not of that form.
    """
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"--set {text}: give NAME=VALUE, such as temperature=0.5")
        found[name.strip()] = value.strip()
    return found


def _value(tensor: TensorSpec, given: Any) -> int | float:
    whole = tensor.dtype.startswith("int")
    try:
        value = float(given)
        fits = (not whole or value == int(value)) and _inside(tensor, value)
    except (TypeError, ValueError, OverflowError):
        fits = False
    if not fits:
        what = "a whole number" if whole else "a number"
        raise UserError(f"option '{tensor.name}': {given} is not {what}{_bounds(tensor)}")
    return int(value) if whole else value


def _inside(tensor: TensorSpec, value: float) -> bool:
    low, high = tensor.least, tensor.most
    return (low is None or value >= low) and (high is None or value <= high) and abs(value) != float("inf")


def _bounds(tensor: TensorSpec) -> str:
    if tensor.least is None and tensor.most is None:
        return ""
    if tensor.most is None:
        return f" of {tensor.least:g} at least"
    return f" of {tensor.most:g} at most" if tensor.least is None else f" from {tensor.least:g} to {tensor.most:g}"

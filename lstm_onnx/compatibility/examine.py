"""Tells what of a file a runtime would not run, and what to do instead. Knows onnx alone."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import onnx

from lstm_onnx.compatibility.runtimes import Severity, target_named
from lstm_onnx.data.given import given_file
from lstm_onnx.errors import UserError
from lstm_onnx.graph.model_file import parse_model


@dataclass(frozen=True)
class Finding:
    """One thing that a target does not take.

    Attributes:
        rule: name of the rule in `lstm_onnx.compatibility.runtimes`.
        where: the node, tensor or file.
        found: what stands there.
        severity: whether it does not run, may answer otherwise, or is slow.
        why: what happens.
        advice: what to do instead.
        source: where that is known from.
    """

    rule: str
    where: str
    found: str
    severity: Severity
    why: str
    advice: str
    source: str


def examine(model: onnx.ModelProto | str | PathLike[str], target: str) -> tuple[Finding, ...]:
    """Return what `target` would not take of a model; nothing where it runs.

    Args:
        model: an `.onnx` file, be it ours or not: its path, what `export` returned, a loaded `Model`, or its content.
        target: name of a runtime, such as web or openvino.

    Raises:
        UserError: there is no such file or target, or it is no ONNX file.
    """
    rules = target_named(target).rules
    if not isinstance(model, onnx.ModelProto):
        path = given_file(model, "examine")
        model = parse_model(path.read_bytes(), path)
    return tuple(
        Finding(rule.name, where, found, rule.severity, rule.why, rule.advice, rule.source)
        for rule in rules
        for where, found in rule.find(model)
    )


def refuse_misfits(model: onnx.ModelProto, target: str, path: Path) -> None:
    """Refuse a model that is to be written to `path` and that a runtime would not run.

    Raises:
        UserError: it would not; says what stops it first.
    """
    stops = [f for f in examine(model, target) if f.severity == "stops"]
    if stops:
        first, more = stops[0], f" (and {len(stops) - 1} more: lstm-onnx doctor)" if len(stops) > 1 else ""
        raise UserError(f"{path}: {target} would not run it: {first.where}: {first.found}; {first.advice}{more}")

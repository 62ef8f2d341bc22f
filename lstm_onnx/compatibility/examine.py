"""Tells what of a file a runtime would not run, and what to do instead. Knows onnx alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnx

from lstm_onnx.compatibility.runtimes import Severity, target_named
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


def examine(model: onnx.ModelProto, target: str) -> tuple[Finding, ...]:
    """Return what `target` would not take of `model`; nothing where it runs.

    Raises:
        UserError: there is no such target.
    """
    return tuple(
        Finding(rule.name, where, found, rule.severity, rule.why, rule.advice, rule.source)
        for rule in target_named(target).rules
        for where, found in rule.find(model)
    )


def examine_file(file: str | Path, target: str) -> tuple[Finding, ...]:
    """Do the same for a file.

    Raises:
        UserError: there is no such file or target, or it is no ONNX file.
    """
    path = Path(file)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    return examine(parse_model(path.read_bytes(), path), target)

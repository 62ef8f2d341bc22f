"""Writes the contract of a graph from its spec and the record of the run that it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lstm_onnx.contract import IR_VERSION, Contract, Example, Provenance, Variant
from lstm_onnx.graph.subgraphs import needed_opset
from lstm_onnx.task import GraphSpec
from lstm_onnx.training.provenance import now
from lstm_onnx.training.run_folder import Record


def describe(
    record: Record,
    graph: GraphSpec,
    name: str,
    examples: tuple[Example, ...] = (),
    variant: Variant = "fp32",
    ir_version: int = IR_VERSION,
    numeric: bool = False,
    config: Mapping[str, Any] | None = None,
) -> Contract:
    """Return the contract of `graph`, exported under `name`; with the options `config`, or else those of the run."""
    return Contract(
        name=name,
        task=record.task,
        description=graph.description,
        variant=variant,
        numeric=numeric,
        opset=needed_opset(graph),
        ir_version=ir_version,
        axes=graph.axes,
        inputs=graph.inputs,
        outputs=graph.outputs,
        states=graph.states,
        stream=graph.stream,
        table=graph.table,
        tolerance=graph.tolerance,
        scores=record.scores,
        provenance=Provenance(
            created=now(),
            run=record.name,
            plugin=record.plugin,
            data=record.fingerprint,
            versions=record.versions,
            config=dict(config if config is not None else record.config),
        ),
        examples=examples,
    )

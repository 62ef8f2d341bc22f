"""Writes the contract of a graph from its spec and the record of the run that it comes from."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from pydantic import BaseModel

from lstm_onnx.column_reading import of_contract
from lstm_onnx.contract import IR_VERSION, Contract, Example, Member, Provenance, Table, Variant
from lstm_onnx.errors import UserError
from lstm_onnx.graph.subgraphs import needed_opset
from lstm_onnx.task import AnyTask, GraphSpec
from lstm_onnx.training.given_runs import name_of
from lstm_onnx.training.provenance import now
from lstm_onnx.training.record import Record
from lstm_onnx.training.run_folder import Run

_EPOCH = "SOURCE_DATE_EPOCH"
"""https://reproducible-builds.org/specs/source-date-epoch: the same run and time make the same bytes."""


def created() -> str:
    """The time at which a contract is written, UTC, or that which the environment sets.

    Raises:
        UserError: the environment sets something else.
    """
    given = os.environ.get(_EPOCH)
    if given is None:
        return now()
    try:
        return datetime.fromtimestamp(int(given), UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        raise UserError(f"{_EPOCH}={given[:40]}: must be whole seconds since 1970") from None


def public(value: Any) -> Any:
    """Return options without what they tell of the machine: of an absolute path the last part is kept."""
    if isinstance(value, Mapping):
        return {key: public(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [public(v) for v in value]
    if isinstance(value, str) and _is_absolute(value):
        return re.split(r"[/\\]", value.rstrip("/\\"))[-1]
    return value


def scoring_facts(task: AnyTask, info: BaseModel) -> dict[str, Any]:
    """Return what of `info` other data is scored by, as JSON."""
    facts: dict[str, Any] = public(task.scoring_info(info).model_dump(mode="json"))
    return facts


def _is_absolute(text: str) -> bool:
    return PurePosixPath(text).is_absolute() or PureWindowsPath(text).is_absolute() or text.startswith("~")


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
        table=_table(record, graph),
        tolerance=graph.tolerance,
        scores=record.scores,
        provenance=Provenance(
            created=created(),
            run=record.name,
            plugin=record.plugin,
            data=record.fingerprint,
            versions=record.versions,
            config=public(config if config is not None else record.config),
            trained=record.created,
            licence=record.licence,
            seed=record.training.data_seed,
            base=record.base,
            fold=record.training.fold,
        ),
        examples=examples,
    )


def with_members(origin: Provenance, runs: Sequence[Run], primary: str) -> Provenance:
    """Return where a file comes from with the runs whose answers it joins, if there are several.

    Args:
        origin: as `describe` says it of the first run.
        runs: of an ensemble.
        primary: name of the metric to tell of each.
    """
    if not runs:
        return origin
    found = []
    for record in (run.record for run in runs):
        config = public(record.config)
        other = {name: value for name, value in config.items() if origin.config.get(name) != value}
        found.append(
            Member(
                run=record.name,
                trained=record.created,
                data=record.fingerprint,
                seed=record.training.seed,
                parts=record.training.data_seed,
                fold=record.training.fold,
                config=other or None,
                score=_number(record.scores.model.get(primary)) if record.scores is not None else None,
            )
        )
    return origin.model_copy(update={"run": name_of(runs), "members": tuple(found)})


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _table(record: Record, graph: GraphSpec) -> Table | None:
    """How a table is read, with what training understood of its columns."""
    if graph.table is None and not any(t.source is not None for t in graph.inputs):
        return None
    columns = of_contract(record.understood)
    return graph.table if columns is None else (graph.table or Table()).model_copy(update={"columns": columns})

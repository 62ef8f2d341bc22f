"""A run alive again: its task, its model with the best weights, and its graphs."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from torch import nn

from lstm_onnx.contract import Contract, Variant
from lstm_onnx.errors import UserError
from lstm_onnx.graph.float16 import round_weights
from lstm_onnx.graph.subgraphs import numeric, torch_part
from lstm_onnx.graph.torch_reference import torch_reference
from lstm_onnx.options import validate
from lstm_onnx.plugins.registry import Found, load_known_file, load_task
from lstm_onnx.task import AnyTask, GraphSpec
from lstm_onnx.training.ensemble import together
from lstm_onnx.training.examples import hold
from lstm_onnx.training.run_folder import Run
from lstm_onnx.training.tensor_files import load_tensors


@dataclass(frozen=True)
class Restored:
    """What a run folder holds, alive again; or several as one, whose answer is that of all of them together.

    Attributes:
        run, task, config, info: of the run; of several, the first one's.
        model: with its best weights; of several, all of them.
        graphs: the main one first.
        members: the runs, where they are several.
    """

    run: Run
    task: AnyTask
    config: BaseModel
    info: BaseModel
    model: nn.Module
    graphs: list[GraphSpec]
    members: tuple[Restored, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What whoever works with it should be told."""
        if not self.members:
            return self.run.notes
        return tuple(f"{m.run.folder.name}: {note}" for m in self.members for note in m.run.notes)


def graph_for(restored: Restored, variant: Variant, without_text: bool = False) -> GraphSpec:
    """Return the graph whose PyTorch module answers as a file of this variant must (for int8: nearly).

    Args:
        restored: the run.
        variant: of the file.
        without_text: leave out what strings go through.

    Raises:
        UserError: the task cannot make this variant; says why.
    """
    graph = _graph_for(restored, variant)
    if without_text and restored.members and graph.before is not None:
        first = _graph_for(restored.members[0], variant)
        if first.before is not None and first.before.outputs != graph.before.outputs:
            raise UserError("--numeric: each of these runs numbers words in its own way; export one of them")
    return numeric(graph) if without_text else graph


def restore_together(
    runs: Sequence[Run], changes: Mapping[str, Any] | None = None, plugin_file: Path | None = None
) -> Restored:
    """Restore one run, or several that answer as one.

    Raises:
        UserError: as `restore`; or one takes or gives other than the first, or their answers cannot be joined.
    """
    members = tuple(restore(run, changes, plugin_file) for run in runs)
    first = members[0]
    if len(members) == 1:
        return first
    for other in members[1:]:
        if other.task.name != first.task.name:
            raise UserError(
                f"{other.run.folder}: is a run of '{other.task.name}', and {first.run.folder} one of "
                f"'{first.task.name}'; only runs of one task answer together"
            )
    model = nn.ModuleList(m.model for m in members)
    graph = _together(members, [m.graphs[0] for m in members])
    return Restored(first.run, first.task, first.config, first.info, model, [graph], members)


def _together(members: Sequence[Restored], graphs: Sequence[GraphSpec]) -> GraphSpec:
    first = members[0]
    states = {s.output for s in graphs[0].states}
    outputs = [t for t in torch_part(graphs[0]).outputs if t.name not in states]
    join = first.task.joining(outputs, first.model, first.config, first.info)
    return together(first.task, graphs, [str(m.run.folder) for m in members], join)


def _graph_for(restored: Restored, variant: Variant) -> GraphSpec:
    if restored.members:
        return _together(restored.members, [_graph_for(m, variant) for m in restored.members])
    if variant == "streaming":
        graph = restored.task.streaming(restored.model, restored.config, restored.info)
        if not graph.states or graph.stream is None:
            raise TypeError(f"the streaming graph of '{restored.task.name}' must have states, and say how it is fed")
        return graph
    if variant == "fp16":
        rounded = copy.deepcopy(restored.model)
        round_weights(rounded)
        return restored.task.graphs(rounded, restored.config, restored.info)[0]
    return restored.graphs[0]


def find_task(run: Run, plugin_file: Path | None = None) -> Found:
    """Load the plugin that made the run.

    Args:
        run: the run folder.
        plugin_file: the plugin's file, where the user named one; else that which the run names is loaded, if it is one
            that he trained with here (see `lstm_onnx.plugins.trust`).

    Raises:
        UserError: the plugin is missing, or must not be executed.
    """
    record = run.record
    if plugin_file is None and record.plugin_file is not None:
        return load_known_file(record.task, Path(record.plugin_file), record.plugin_digest)
    return load_task(record.task, plugin_file)


def restore(run: Run, changes: Mapping[str, Any] | None = None, plugin_file: Path | None = None) -> Restored:
    """Build the model of a run and load its best weights.

    Args:
        run: the run folder.
        changes: options to change, of those that `Task.adjustable` names.
        plugin_file: as in `find_task`.

    Raises:
        UserError: the run has no weights yet, they do not fit, its plugin is missing or has changed so that the model
            answers otherwise, or a change is not possible.
    """
    if not run.weights.exists():
        raise UserError(
            f"{run.folder}: has no weights, since its first epoch never ended; go on with: "
            f"lstm-onnx train --resume {run.folder}"
        )
    task = find_task(run, plugin_file).task
    config = adjusted(task, run.record.config, changes or {})
    info = task.adjusted_info(config, learnt_by(run, task)) if changes else learnt_by(run, task)
    model = rebuild(task, config, info, run.weights)
    graphs = task.graphs(model, config, info)
    if not changes:
        hold(run, graphs[0], torch_reference(graphs[0]))
    return Restored(run, task, config, info, model, graphs)


def learnt_by(run: Run, task: AnyTask) -> BaseModel:
    """Return what the task of a run learnt from its data.

    Raises:
        UserError: it was kept in another form than the task reads now.
    """
    try:
        return task.Info.model_validate(run.record.info)
    except ValidationError as error:
        made = run.record.versions.get("lstm-onnx", "an earlier release")
        raise UserError(
            f"{run.folder}: what was learnt is kept as lstm-onnx {made} wrote it, which '{task.name}' does not read "
            f"any more; train anew, or export with that release (exported files are read as before)"
        ) from error


def rebuild(task: AnyTask, config: BaseModel, info: BaseModel, weights: Path) -> nn.Module:
    """Build a model and load stored weights into it, for answering.

    Raises:
        UserError: the weights are damaged, or do not fit.
    """
    model = task.build_model(config, info)
    load_weights(model, load_tensors(weights)[0], weights)
    return model.eval()


def adjusted(task: AnyTask, config: Mapping[str, Any], changes: Mapping[str, Any]) -> BaseModel:
    """Return the options of a run with some of them changed.

    Raises:
        UserError: an option cannot be changed any more, or has a value that is not allowed.
    """
    for name in changes:
        if name not in task.adjustable:
            can = f"it can change {', '.join(task.adjustable)}" if task.adjustable else "it can change no option"
            raise UserError(f"'{name}' cannot be changed after training of '{task.name}'; {can}")
    return validate(task.Config, {**config, **changes}, of=f"the task {task.name}")


def adjusted_in(run: Run, contract: Contract, plugin_file: Path | None = None) -> dict[str, Any]:
    """Return the options that a file was exported with and its run not trained with, of those that may differ."""
    names = find_task(run, plugin_file).task.adjustable
    return {n: v for n, v in contract.provenance.config.items() if n in names and run.record.config.get(n) != v}


def load_weights(model: nn.Module, weights: dict[str, Any], path: Path) -> None:
    """Load weights into a model of the same shape.

    Raises:
        UserError: names or shapes differ, as after an upgrade of the plugin.
    """
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        detail = " ".join(str(error).split())
        raise UserError(f"{path}: does not fit the model that its plugin builds now: {detail}") from error

"""What every plugin must pass, ours or a stranger's.

from lstm_onnx.testing import check_task

def test_my_task(tmp_path):
    check_task("mine", folder=tmp_path, plugin_file="mine.py", hidden=8)
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from lstm_onnx.data.splits import Split
from lstm_onnx.embedding.generate import embed
from lstm_onnx.errors import Interrupted, UserError
from lstm_onnx.evaluation.evaluate import evaluate
from lstm_onnx.exporting.export import export
from lstm_onnx.exporting.exported import Exported
from lstm_onnx.graph.sample_inputs import sample_inputs
from lstm_onnx.options import check_disjoint
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.task import AnyTask, GraphSpec, Task
from lstm_onnx.training.observers import Observer, Row
from lstm_onnx.training.options import TrainingOptions, of_release_0_1, sort_options
from lstm_onnx.training.restore import restore
from lstm_onnx.training.run_folder import Run
from lstm_onnx.training.train import resume, train
from lstm_onnx.verification.value_checks import grid

EPOCHS = 3


def check_task(
    name: str,
    *,
    folder: Path,
    plugin_file: str | Path | None = None,
    data: str | Path | None = None,
    **options: Any,
) -> Exported:
    """Train the task for a few epochs, interrupt and resume it, export it, which proves it; return the exported file.

    Args:
        name: of the task.
        folder: an empty folder to work in, such as pytest's `tmp_path`.
        plugin_file: where the plugin is, if it is not installed.
        data: what to train on; None takes the plugin's own data.
        options: of the task and of training, by name; where none is given, the task's own `small`.

    Raises:
        AssertionError: the plugin breaks a rule; the message says which.
        ParityError: an exported file does not answer as PyTorch does.
    """
    options, _ = of_release_0_1(options, ())
    task = load_task(name, Path(plugin_file) if plugin_file else None).task
    check_options(task)
    options = {**task.small, **options}
    given = {"plugin": name, "data": data, "plugin_file": plugin_file, "epochs": EPOCHS, "threads": 1} | options
    config = sort_options(options, {name: task.Config, "training": TrainingOptions})[name]
    check_data(task, Path(data) if data is not None else None, config)
    whole = train(**given, runs=folder / "whole")
    check_resume(whole, given, folder / "halved")
    restored = restore(whole)
    assert whole.record.scores is not None, f"{name}: a finished run has no scores"
    reached = whole.record.scores.model
    for who, figures in {"the model": reached, **whole.record.scores.baselines}.items():
        assert task.primary_metric.name in figures, f"{name}: {who} has no metric called '{task.primary_metric.name}'"
        assert figures.keys() <= reached.keys(), f"{name}: {who} has metrics that the model lacks"
    for graph in restored.graphs:
        check_sample(task, graph)
    exported = export(whole, folder / f"{name}.onnx")  # proved against PyTorch, or it raises
    if type(task).streaming is not Task.streaming:
        check_streaming(whole, folder / f"{name}-streaming.onnx")
    return exported


def check_uses(exported: Exported, plugin_file: Path | None, data: Path | None) -> tuple[str, ...]:
    """What `check_task` exported can be scored, embedded, and written in whole numbers and without strings.

    Returns:
        what was tried: without strings only where there are some, and of whole numbers why they are refused.

    Raises:
        AssertionError: the file scores otherwise than the run did.
        UserError: it cannot be embedded, or not without strings; says why.
    """
    folder = exported.path.parent
    run = next((folder / "whole").iterdir())
    scored = evaluate(exported, data, plugin_file=plugin_file)
    primary = scored.scores.primary
    assert not np.isnan(scored.scores[primary]), f"the exported file has no {primary} on the test data"
    embed(exported, "node", folder / "node", plugin_file=plugin_file)
    tried: tuple[str, ...] = ("evaluate", "embed")
    try:
        export(run, folder / "int8.onnx", variant="int8", force=True)
        tried = (*tried, "int8")
    except UserError as error:  # not every model can be written so
        tried = (*tried, f"int8 is refused ({str(error).partition(': ')[2]})")
    tensors = (*exported.contract.inputs, *exported.contract.outputs)
    if any(t.dtype == "string" for t in tensors):
        export(run, folder / "numeric.onnx", numeric=True)
        tried = (*tried, "numeric")
    return tried


def check_streaming(run: Run, path: Path) -> None:
    """The streaming variant agrees with the main graph, however a sequence is cut; or it is refused in one line."""
    try:
        export(run, path, variant="streaming")
    except UserError as error:
        assert "\n" not in str(error), f"the reason for not streaming takes more than one line: {error}"


def check_options(task: AnyTask) -> None:
    """Every option has a description, none hides one of training, `small` names some, an unknown one is refused."""
    check_disjoint({"training": TrainingOptions, task.name: task.Config})
    for field, info in task.Config.model_fields.items():
        assert info.description, f"{task.name}: option '{field}' has no description, which is its help text"
    for option in task.small:
        assert option in task.Config.model_fields, f"{task.name}: `small` names '{option}', which is no option"
    assert task.Config.model_config.get("extra") == "forbid", f'{task.name}: Config needs extra="forbid"'


def check_data(task: AnyTask, source: Path | None, config: dict[str, Any]) -> None:
    """The same seed gives the same data, shuffling shows every example once, and info survives a trip through JSON."""
    chosen = task.Config.model_validate(config)
    first, second = (task.load_data(source, chosen, seed=0) for _ in range(2))
    _assert_same_batches(first.train, second.train, f"{task.name}: load_data differs from one call to the next")
    assert len(first.train) > 0, f"{task.name}: no example to train on"
    assert len(first.test) > 0, f"{task.name}: no example to test on"
    stored = type(first.info).model_validate_json(first.info.model_dump_json())
    assert stored == first.info, f"{task.name}: info changes on its way through JSON"
    sizes = [len(next(iter(b.values()))) for b in first.train.batches(16, np.random.default_rng(0))]
    assert sum(sizes) == len(first.train), f"{task.name}: shuffling shows {sum(sizes)} of {len(first.train)}"


def _assert_same_batches(a: Split, b: Split, message: str) -> None:
    pairs = zip(a.batches(16, np.random.default_rng(1)), b.batches(16, np.random.default_rng(1)), strict=True)
    for one, other in itertools.islice(pairs, 4):
        assert one.keys() == other.keys(), message
        for name in one:
            np.testing.assert_array_equal(one[name], other[name], err_msg=f"{message}: {name}")


class _Interruption(Observer):
    """Presses Ctrl-C after the first epoch."""

    def epoch_ended(self, row: Row, is_best: bool) -> None:
        """Interrupt."""
        raise KeyboardInterrupt


def check_resume(whole: Run, options: dict[str, Any], runs: Path) -> None:
    """A run that was interrupted and resumed ends with the same weights as `whole`, which was not."""
    try:
        train(**options, runs=runs, observers=_Interruption())
        raise AssertionError("training went on after Ctrl-C")
    except Interrupted:
        pass
    resumed = resume(next(runs.iterdir()))
    one, other = load_file(whole.weights), load_file(resumed.weights)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=f"a resumed run ends with other weights: {name}")


def check_sample(task: AnyTask, graph: GraphSpec) -> None:
    """`sample_inputs` gives each input the type and the sizes that it was asked for, and the same for the same seed."""
    for sizes in grid(graph):
        first, second = sample_inputs(task, graph, sizes, 0), sample_inputs(task, graph, sizes, 0)
        for tensor in graph.inputs:
            wanted = tuple(graph.axes[d].size or sizes[d] for d in tensor.dims)
            array = first[tensor.name]
            assert array.shape == wanted, f"{task.name}: sample gives {tensor.name} {array.shape} instead of {wanted}"
            found = "string" if array.dtype.kind in "OSU" else str(array.dtype)
            assert found == tensor.dtype, f"{task.name}: sample gives {tensor.name} as {found}, not {tensor.dtype}"
            np.testing.assert_array_equal(array, second[tensor.name])

"""A task by its features: an author says what goes in and out, how data is read, and the module; the rest is derived.

Nothing here loads torch until a model is built.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import BaseModel

from lstm_onnx.contract import Array, TensorSpec
from lstm_onnx.data.beside import test_file_of
from lstm_onnx.data.parts import PARTS, Whole
from lstm_onnx.errors import UserError
from lstm_onnx.features.ahead import Ahead
from lstm_onnx.features.category import Category
from lstm_onnx.features.examples import Examples, parted
from lstm_onnx.features.feature import InputFeature, OutputFeature
from lstm_onnx.features.graphs import Remembered, samples, streaming_graph, whole_graph
from lstm_onnx.features.in_pieces import examples_in_pieces
from lstm_onnx.features.labels import Labels
from lstm_onnx.features.learnt import Learnt
from lstm_onnx.features.metrics import Metric, Sum
from lstm_onnx.features.remarks import remarks
from lstm_onnx.features.scored import all_of
from lstm_onnx.features.sentence import Sentence
from lstm_onnx.features.series import Series
from lstm_onnx.features.split import FeatureSplit, taken
from lstm_onnx.features.steps import Steps
from lstm_onnx.features.stored import LOOKED_AT, UNSEEN, lies_in_files
from lstm_onnx.task import Answer, Arrays, ConfigT, GraphSpec, Joining, ScoredData, Task, TaskData, Totals

if TYPE_CHECKING:
    from torch import Tensor, nn

    from lstm_onnx.features.module import FeatureModel


class FeatureTask(Task[ConfigT, Learnt]):
    """A task whose author implements `inputs`, `outputs`, `read` and `module`, and `scores` where metrics differ.

    Where only the data says what goes in and out, `read` says it, instead of `inputs` and `outputs`.

    `name`, `summary`, `primary_metric` and `Config` are as in `Task`; everything else of `Task` is done here, and can
    still be overridden.
    """

    Info: ClassVar[type[BaseModel]] = Learnt
    test_share: ClassVar[float] = 0.2
    """Share of the examples that is kept for the test, where the data does not name it."""
    validation_share: ClassVar[float] = 0.15
    """Share of the others that decides when to stop, where the data does not name it; 0 for none."""
    streams: ClassVar[bool] = False
    """Whether `forward` takes and gives a state: then there is a streaming variant, unless `whole` says why not."""
    in_pieces: ClassVar[bool] = True
    """Whether `read` may be shown a table in pieces, where `Config` has an option `store` (`StoreOption`)."""

    def inputs(self, options: ConfigT) -> Sequence[InputFeature]:
        """Return what goes in; a task whose data decides that leaves this out, and says it in `Examples.inputs`."""
        return ()

    def outputs(self, options: ConfigT) -> Sequence[OutputFeature]:
        """Return what comes out; as `inputs`."""
        return ()

    @abstractmethod
    def read(self, source: Path | None, options: ConfigT, random: np.random.Generator) -> Examples:
        """Read `source`, or without one the plugin's own small data set, or draw examples from `random`.

        Raises:
            UserError: the data cannot be used; names the file, the row or column, what was found and what to do.
        """

    @abstractmethod
    def module(self, options: ConfigT, features: Learnt) -> nn.Module:
        """Return the module to train, freshly initialised from torch's global generator.

        Its `forward` takes a tensor for each input by its name, sequences with their lengths, and gives a dict with a
        tensor for each output. If `streams`, it also takes `state`, None at the start, and gives (dict, state); in a
        stream, lengths are None, as all steps count; else the state that it gives is not looked at. It may have
        `loss(answers, batch)`, which gets what `forward` gave; without it each kind of output has its own.
        """

    def scores(self, options: ConfigT, outputs: Sequence[OutputFeature]) -> Sequence[Metric]:
        """Return the metrics; by default those of each output, their names with the output's before if it has several.

        The one that `primary_metric` names must be among them. `outputs` are fitted.
        """
        return [m for f in outputs for m in f.metrics("" if len(outputs) == 1 else f"{f.name}_")]

    def shares(self, options: ConfigT) -> tuple[float, float]:
        """Return the shares of the test and the validation part: those of the options of these names, if there are."""
        return getattr(options, "test_share", self.test_share), getattr(
            options, "validation_share", self.validation_share
        )

    def to_go_on(self, asked: ConfigT, found: ConfigT) -> ConfigT:
        """Return the options to read all pieces of a table with.

        Args:
            asked: as a person gave them.
            found: what `read` made of them by the first piece; what others may decide otherwise is to be as asked.
        """
        return found

    def gone_on(self, found: ConfigT, outputs: Sequence[OutputFeature]) -> ConfigT:
        """Return the options to keep, from those that all pieces were read with, and the levels that all have."""
        return found

    def data_files(self, source: Path | None, config: ConfigT) -> Sequence[Path]:
        """The source, and the test file that the option `test_file`, if there is one, names, or that lies beside it."""
        if source is None or "test_file" not in type(config).model_fields:
            return super().data_files(source, config)
        test = test_file_of(source, config.test_file)  # type: ignore[attr-defined]  # of a kind that has it
        return (source,) if test is None else (source, test)

    def describe(self, learnt: Learnt) -> str:
        """Say in a sentence what the graph does, for people: by default the task's summary."""
        return self.summary[:1].upper() + self.summary[1:].rstrip(".") + "."

    def whole(self, options: ConfigT, features: Learnt) -> str | None:
        """Say why a model needs whole sequences though its task `streams`, and the option to do without; else None."""
        return None

    def remembered(self, options: ConfigT) -> Mapping[str, Remembered]:
        """Describe parts of the state by their names (see `flattened`), as people read of them; others are left out."""
        return {}

    def read_scored(self, source: Path, options: ConfigT, learnt: Learnt) -> Examples:
        """Read other data, all of which is scored: by default as `read` does, whatever parts it names."""
        return self.read(source, options, np.random.default_rng(0))

    def load_data(self, source: Path | None, config: ConfigT, seed: int) -> TaskData[Learnt]:
        """Read, part and fit."""
        return self._load(source, config, seed, None)

    def load_again(self, source: Path | None, config: ConfigT, seed: int, info: Learnt) -> TaskData[Learnt]:
        """Read and part; the features stay as they were fitted."""
        return self._load(source, config, seed, info)

    def _load(self, source: Path | None, config: ConfigT, seed: int, before: Learnt | None) -> TaskData[Learnt]:
        random = np.random.default_rng(seed)
        examples = examples_in_pieces(self, source, config) or _checked(self.read(source, config, random), "read")
        config = examples.options or config  # type: ignore[assignment]  # of the task's own kind
        inputs, outputs = (before.inputs, before.outputs) if before else self._features(config, examples)
        examples = examples.filled((*inputs, *(f for f in outputs if f.is_supervised)))
        answer = next((f.name for f in outputs if isinstance(f, Category)), None)
        labels, where = examples.columns[answer] if answer is not None else None, str(source or "read")
        shares = self.shares(config)
        chosen, how = parted(examples, labels, shares, random, where)
        notes = remarks(examples, chosen, [f.name for f in inputs], answer, shares[1] > 0)
        known, asked = (
            {name: taken(column, chosen[part]) for name, column in examples.columns.items()}
            for part in ("train", "test")
        )
        fitted = before or self._fitted(inputs, outputs, examples, known)
        fitted, left = _calibratable(fitted, examples, np.asarray(chosen["validation"], dtype=np.int64))
        learnt = before or self.learn(fitted, known, config)
        train, validation, test = (
            FeatureSplit.of(learnt.inputs, learnt.outputs, examples.columns, chosen[part], part == "train")
            for part in PARTS
        )
        sizes = f"{train.count:,} to learn from, {len(validation):,} to validate, {len(test):,} to test"
        in_files = lies_in_files(examples.columns.values())
        if train.shown is not None:
            notes.append(f"an epoch shows {train.shown:,} of {train.count:,} {examples.what}, drawn at random")
        summary = f"{examples.told or f'{len(examples):,} {examples.what}'}: {sizes}" + f" ({how})" * bool(how)
        naive = {"": UNSEEN} if in_files else self.naive(learnt, known, asked, config)
        looked = {name: column[:LOOKED_AT] for name, column in asked.items()} if in_files else asked
        left_out = [why for why in naive.values() if isinstance(why, str)]
        return TaskData(
            train=train,
            validation=validation if len(validation) else None,
            test=test,
            info=learnt,
            summary=summary,
            notes=(*examples.notes, *notes, *left, *self.remarks(learnt, looked, config), *left_out),
            config=examples.options,
            baselines={name: answer for name, answer in naive.items() if not isinstance(answer, str)},
            test_names=examples.names(source, chosen["test"]),
            understood=examples.understood,
        )

    @staticmethod
    def _fitted(
        inputs: Sequence[InputFeature],
        outputs: Sequence[OutputFeature],
        examples: Examples,
        known: Mapping[str, Sequence[Any]],
    ) -> Learnt:
        seen = tuple(f.fit(known[f.name]).met(examples.columns[f.name]) for f in inputs)
        answers = tuple(f.fit(known[f.name]) if f.is_supervised else f for f in outputs)
        answers = tuple(f.sized(seen) if isinstance(f, Steps | Sentence) else f for f in answers)
        return Learnt(inputs=seen, outputs=answers, table=examples.table)

    def load_scored(self, source: Path, config: ConfigT, info: Learnt) -> ScoredData:
        """Read all of other data, and prepare it by the features as they were fitted."""
        return all_of(_checked(self.read_scored(source, config, info), "read_scored"), info, source)

    def scoring_info(self, info: Learnt) -> Learnt:
        """Leave out samples and words."""
        return info.model_copy(
            update={
                "inputs": tuple(f.to_score() for f in info.inputs),
                "outputs": tuple(f.to_score() for f in info.outputs),
            }
        )

    def truth(self, batch: Arrays, config: ConfigT, info: Learnt) -> Arrays:
        """Return what is right of each output."""
        return {name: array for f in info.outputs for name, array in f.truth(batch).items()}

    def learn(self, fitted: Learnt, known: Mapping[str, Sequence[Any]], options: ConfigT) -> Learnt:
        """Return what was learnt: the fitted features, or a subclass of `Learnt` (say so in `Info`) with more.

        Args:
            fitted: the features.
            known: the columns of the training part.
            options: of the task.
        """
        return fitted

    def remarks(self, learnt: Learnt, asked: Mapping[str, Sequence[Any]], options: ConfigT) -> Sequence[str]:
        """Return a note for each thing that is odd about the test part, with what was learnt from the other."""
        return ()

    def naive(
        self,
        learnt: Learnt,
        known: Mapping[str, Sequence[Any]],
        asked: Mapping[str, Sequence[Any]],
        options: ConfigT,
    ) -> Mapping[str, Answer | str]:
        """Return naive answers that look at the training part, such as the nearest neighbour's, by name.

        Args:
            learnt: the features.
            known: the columns of the training part.
            asked: the columns of the test part, to tell what an answer would cost.
            options: of the task.

        Returns:
            an answer, or in its place why it is left out, which is noted.
        """
        return {}

    def _features(self, options: ConfigT, examples: Examples) -> tuple[Sequence[InputFeature], Sequence[OutputFeature]]:
        inputs = list(self.inputs(options) if examples.inputs is None else examples.inputs)
        outputs = list(self.outputs(options) if examples.outputs is None else examples.outputs)
        for method, found, kind in (("inputs", inputs, InputFeature), ("outputs", outputs, OutputFeature)):
            if not found:
                raise UserError(f"{method}: returned no feature")
            for one in found:
                if not isinstance(one, kind):
                    what = one.kind if isinstance(one, InputFeature | OutputFeature) else type(one).__name__
                    raise UserError(f"{method}: returned '{what}', which is no feature that can stand there")
        if sum(isinstance(f, Series) for f in inputs) > 1 or sum(isinstance(f, Ahead) for f in outputs) > 1:
            raise UserError("inputs and outputs: a model takes one Series and answers one Ahead; join the columns")
        names = [f.name for f in (*inputs, *outputs)]
        if twice := [n for n in names if names.count(n) > 1]:
            raise UserError(f"inputs and outputs: two features are called '{twice[0]}'; rename one")
        named = [f.named(sum(f.alike(other) for other in inputs) == 1) for f in inputs]
        named = [f.bound(named) if isinstance(f, Labels) else f for f in named]
        return named, [f.bound(named) for f in outputs]

    def build_model(self, config: ConfigT, info: Learnt) -> nn.Module:
        """Put the author's module between the encoders and decoders of the features."""
        from torch import nn

        from lstm_onnx.features.module import FeatureModel

        network = self.module(config, info)
        if not isinstance(network, nn.Module):
            raise UserError(f"module: returned a {type(network).__name__}; it must return a torch.nn.Module")
        return FeatureModel(network, info, self.streams)

    def loss(self, model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the loss of the author's module, or that of the outputs' kinds."""
        return _model(model).loss(batch)

    def solve_first(self, model: nn.Module, batches: Iterator[dict[str, Tensor]], config: ConfigT) -> None:
        """Let the author's module solve for weights, where it has a method `solve_first`."""
        from lstm_onnx.features.module import solve_first

        solve_first(_model(model), batches)

    def calibrate(self, model: nn.Module, validation: Iterator[dict[str, Tensor]], config: ConfigT) -> None:
        """Fit the temperature of each category that is to be calibrated."""
        from lstm_onnx.features.module import calibrate

        calibrate(_model(model), validation)

    def calibrate_left_out(self, model: nn.Module, learnt_from: Iterator[dict[str, Tensor]], config: ConfigT) -> None:
        """Fit it without a validation part, if the author's module can leave out examples that it learnt from."""
        from lstm_onnx.features.module import calibrate_left_out

        calibrate_left_out(_model(model), learnt_from)

    def totals(self, outputs: Arrays, batch: Arrays, config: ConfigT, info: Learnt) -> Totals:
        """Add up `scores`."""
        found = {}
        for metric in self.scores(config, info.outputs):
            total, count = metric.add(outputs, batch)
            found[metric.name] = (Sum(total, metric.finish), count)
        return found

    def finish(self, totals: Totals) -> dict[str, float]:
        """Finish each metric in its own way."""
        return {name: added.finish(added.total, count) for name, (added, count) in totals.items()}

    def graphs(self, model: nn.Module, config: ConfigT, info: Learnt) -> list[GraphSpec]:
        """Return the graph that the features make of the model."""
        return [whole_graph(_model(model), self.describe(info))]

    def streaming(self, model: nn.Module, config: ConfigT, info: Learnt) -> GraphSpec:
        """Return the graph that is fed in pieces, from the state that `forward` takes and gives."""
        if not self.streams:
            raise UserError(
                f"the task '{self.name}' has no streaming graph: its forward takes and gives no state (streams = True)"
            )
        if why := self.whole(config, info):
            raise UserError(why)
        return streaming_graph(_model(model), self.describe(info), self.remembered(config))

    def joining(self, outputs: Sequence[TensorSpec], model: nn.Module, config: ConfigT, info: Learnt) -> Joining:
        """Join each output in the way of its kind: probabilities, numbers and quantiles by their means."""
        from lstm_onnx.features.joining import joining_of

        return joining_of(self.name, _model(model))

    def sample(self, graph: GraphSpec, sizes: Mapping[str, int], seed: int) -> dict[str, Array]:
        """Make inputs from rows of the training part, and states as they are after some."""
        from lstm_onnx.features.module import Answering

        assert isinstance(graph.module, Answering)
        return samples(graph.module, [t.name for t in graph.inputs], sizes, seed)

    def baselines(self, config: ConfigT, info: Learnt) -> dict[str, Answer]:
        """Answer without looking: the mean, or the most frequent label."""

        def naive(batch: Arrays) -> dict[str, Array]:
            made: dict[str, Array] = {}
            for feature in info.outputs:
                made |= feature.naive(batch)
            return made

        return {"always the same": naive}


def _checked(examples: Any, method: str) -> Examples:
    if not isinstance(examples, Examples):
        raise UserError(f"{method}: returned a {type(examples).__name__}; it must return lstm_onnx.plugin.Examples")
    return examples


def _calibratable(fitted: Learnt, examples: Examples, chosen: Whole) -> tuple[Learnt, list[str]]:
    """Leave out of the outputs what the validation part cannot calibrate, and say so."""
    outputs, notes = [], []
    for f in fitted.outputs:
        found, why = f.calibratable(taken(examples.columns[f.name], chosen)) if f.is_supervised else (f, None)
        outputs.append(found)
        notes += [why] if why is not None else []
    return fitted.model_copy(update={"outputs": tuple(outputs)}), notes


def _model(model: nn.Module) -> FeatureModel:
    from lstm_onnx.features.module import FeatureModel

    assert isinstance(model, FeatureModel)
    return model

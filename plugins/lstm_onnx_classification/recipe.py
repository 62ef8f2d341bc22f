"""What the defaults of classification are for the data at hand: chosen once, in training, and kept with the run."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any, cast

import numpy as np

from lstm_onnx.data.parts import Part
from lstm_onnx.nn.dilations import SPAN
from lstm_onnx_classification.examples import RawExamples, StepArray
from lstm_onnx_classification.label_sets import has_sets
from lstm_onnx_classification.options import Config
from lstm_onnx_classification.patches import patch_for

FILTERS = (32, 64, 32)
"""Of the convolutional branch: a quarter of those of LSTM-FCN (Karim and others 2018); see `benchmarks/development`."""
RANDOM = 2520
"""Features of random convolutions, of sequences that a kernel fits into; see `benchmarks/development`."""
MANY = 10_000
"""Texts from which pairs of words are counted, too: of fewer, pairs cost accuracy on the sets that were tried."""
PLACES = 2**18
"""Of pairs: with 2**16, where they stand in each other's way, a linear model lost 0.4 points on reviews held back."""
SMOOTHING = 0.1
FEW = {"learning_rate": 5e-3, "least_steps": 1500}
LEAST_STEPS_BESIDE = 600
"""Where random convolutions stand beside them: these have learnt what they can by then."""
STEPS_BESIDE, LEAST_EPOCHS = 1500, 3
"""Of an LSTM beside a linear model of texts: it knows them by heart after a few epochs, and many texts take fewer."""
SHARE = 0.15
LEAST_VALIDATION = {"texts": 20, "sequences": 300}
"""With fewer examples than these to validate on, it costs more to keep them from training than it tells when to stop:
all are learnt from, for a fixed number of steps. Texts are learnt by heart sooner."""


def filled_in(found: RawExamples, config: Config) -> tuple[Config, tuple[str, ...]]:
    """Return options with all that depends on the data chosen, and a line for what a person should know of it.

    Args:
        found: the examples.
        config: options as they were asked for.
    """
    usual = 0 if found.column else int(np.median([len(i) for i in found.examples.items]))
    whole = not found.column and config.bidirectional  # numbers, of which no stream is made
    chosen: dict[str, Any] = {}
    if config.convolutions is None:
        chosen["convolutions"] = FILTERS if whole else ()
    if config.random_convolutions is None:
        chosen["random_convolutions"] = RANDOM if whole and usual >= SPAN else 0
    if config.tf_idf is None:
        chosen["tf_idf"] = _orders(found, config)
    if config.tf_idf_places is None:
        chosen["tf_idf_places"] = PLACES
    if config.scaling is None:
        random = chosen.get("random_convolutions", config.random_convolutions)
        chosen["scaling"] = "both" if random and _differ_in_size(found) else "global"
    if config.patch is None:
        chosen["patch"] = patch_for(usual) if whole else 1
    if config.smoothing is None:
        chosen["smoothing"] = SMOOTHING if chosen.get("convolutions", config.convolutions) else 0.0
    notes: tuple[str, ...] = ()
    if config.validation_share is None:
        count = _to_learn_from(len(found.examples), found.parts, config)
        is_few = round(count * SHARE) < LEAST_VALIDATION["texts" if found.column else "sequences"]
        chosen["validation_share"] = 0.0 if is_few else SHARE
        if is_few and "validation" not in (found.parts or ()):
            notes = (
                f"all {count:,} examples are learnt from, for a fixed number of steps: too few to keep some apart for "
                "deciding when to stop (--validation-share 0.15 does so)",
            )
    return config.model_copy(update=chosen), notes


def _orders(found: RawExamples, config: Config) -> tuple[int, ...]:
    """Return the n-grams of the linear model: pairs of words tell more than they confuse where there are many texts."""
    if not found.column or has_sets(config) or config.cut == "characters":
        return ()
    return (1, 2) if _to_learn_from(len(found.examples), found.parts, config) >= MANY else (1,)


def budget(config: Config, examples: int, batch_size: int, epochs: int) -> dict[str, Any]:
    """Return the training options that were measured to suit small sets of sequences, or texts beside a linear model.

    Args:
        config: options, filled in.
        examples: to learn from.
        batch_size: of a step.
        epochs: of training by default; there are never more.
    """
    if config.tf_idf:
        enough = max(LEAST_EPOCHS, ceil(STEPS_BESIDE / ceil(examples / batch_size)))
        return {"epochs": enough} if enough < epochs else {}
    if not config.convolutions or config.validation_share:
        return {}
    return {**FEW, "least_steps": LEAST_STEPS_BESIDE} if config.random_convolutions else dict(FEW)


def _differ_in_size(found: RawExamples) -> bool:
    """Whether sequences of one channel differ in length, and so, for all that is known, in level and spread.

    Not those of several channels: on the vowels, whose twelve say much by their levels, log loss was worse.
    """
    items = cast("list[StepArray]", found.examples.items)
    return items[0].shape[1] == 1 and len({len(item) for item in items}) > 1


def _to_learn_from(count: int, parts: Sequence[Part] | None, config: Config) -> int:
    if parts is None or "test" not in parts:
        return count - round(count * config.test_share)
    return sum(part != "test" for part in parts)

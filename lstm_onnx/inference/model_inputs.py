"""What a person's data becomes: the inputs of one run."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_onnx.contract import Array


@dataclass(frozen=True)
class ModelInputs:
    """The inputs of one run, one batch of all series.

    Attributes:
        arrays: the inputs by name.
        names: the series or examples, in the order of the batch; empty where the inputs did not come from a table.
        notes: one line for each thing that was repaired or left out.
    """

    arrays: dict[str, Array]
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

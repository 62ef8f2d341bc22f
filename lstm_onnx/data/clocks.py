"""Times given as arrays: they go on by the step of the table that the model was trained on."""

from __future__ import annotations

import numpy as np

from lstm_onnx.contract import Array, Contract, TensorSpec, TimeSource
from lstm_onnx.data.frequency import step_text, stride, ticks
from lstm_onnx.errors import UserError

_THOUSAND = 1000


def refuse_other_steps(contract: Contract, tensor: TensorSpec, array: Array) -> None:
    """Refuse times that do not rise by the step of the contract along their last axis.

    Raises:
        UserError: says how far apart they are, and what that may mean: milliseconds, or the newest first.
    """
    step = contract.table.step if contract.table is not None else None
    if not isinstance(tensor.source, TimeSource) or step is None or array.ndim < 2 or array.shape[-1] < 2:
        return
    wanted = stride(step)
    apart = np.diff(ticks(array.astype(np.int64), step), axis=-1)
    wrong = np.argwhere(apart != wanted)
    if not len(wrong):
        return
    found = int(apart[tuple(wrong[0])])
    unit = "months" if step.months else "rows" if step.sessions else "seconds" if step.unit is None else step.unit
    hint = "times must rise along the axis, the oldest first"
    if found == _THOUSAND * wanted:
        hint = "give seconds, not milliseconds"
    elif found != -wanted:
        hint = "fill in missing rows, and leave out repeated ones"
    raise UserError(
        f"input '{tensor.name}': times at {wrong[0].tolist()} and after it are {found:,} {unit} apart, and rows of "
        f"this model are {wanted:,} {unit} apart ({step_text(step)}): {hint}"
    )

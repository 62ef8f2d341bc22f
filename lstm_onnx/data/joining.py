"""How the answers of several models become one answer: means, unless a task says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from lstm_onnx.contract import TensorSpec
from lstm_onnx.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

EachAnswer = Sequence["Mapping[str, Tensor]"]
"""What each of several models answers: outputs of its torch part by name."""
Joining = Callable[[EachAnswer], "dict[str, Tensor]"]
"""Makes one answer of several, in torch."""


def mean(said: EachAnswer, name: str) -> Tensor:
    """Return the mean of an output over the models."""
    total = said[0][name]
    for answers in said[1:]:
        total = total + answers[name]
    return total * (1 / len(said))


def means(task: str, outputs: Sequence[TensorSpec]) -> Joining:
    """Return what takes the mean of every output.

    Raises:
        UserError: an output is no number that a mean says something of.
    """
    for t in outputs:
        if not t.dtype.startswith("float"):
            raise UserError(
                f"several runs of '{task}' cannot answer as one: '{t.name}' is {t.dtype}, of which there is no mean, "
                "and its plugin does not say how such answers are joined (Task.joining)"
            )
    return lambda said: {t.name: mean(said, t.name) for t in outputs}

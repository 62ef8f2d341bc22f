"""How the answers of several models become one answer: means, unless a task says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from lstm_onnx.contract import TensorSpec
from lstm_onnx.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor, nn

EachAnswer = Sequence["Mapping[str, Tensor]"]
"""What each of several models answers: outputs of its torch part by name."""
Joining = Callable[[EachAnswer], "dict[str, Tensor]"]
"""Makes one answer of several, in torch."""


@runtime_checkable
class AsksTogether(Protocol):
    """A `Joining` that asks the models itself, as they find something together before any of them answers."""

    def __call__(self, said: EachAnswer) -> dict[str, Tensor]:
        """Make one answer of several."""
        ...

    def unlike(self, one: nn.Module, other: nn.Module) -> str | None:
        """Say why two of the models cannot find it together; None where they can."""
        ...

    def ask(self, models: Sequence[nn.Module], given: Sequence[Mapping[str, Tensor]]) -> list[dict[str, Tensor]]:
        """Return what each answers, states among it.

        Args:
            models: of torch parts.
            given: the inputs of each.
        """
        ...


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

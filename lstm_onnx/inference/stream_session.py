"""A sequence that comes in pieces: what a file of the variant streaming remembers between two calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lstm_onnx.contract import Array
from lstm_onnx.errors import UserError

if TYPE_CHECKING:
    from lstm_onnx.inference.model import Model


class StreamSession:
    """One stream through a model; several may share a model.

    Args:
        model: a loaded file of the variant streaming.

    Raises:
        UserError: the file has no states.
    """

    def __init__(self, model: Model) -> None:
        contract = model.require_contract()
        if contract.stream is None:
            raise UserError(
                f"{model.path}: takes whole sequences and keeps no state; export the run with --variant streaming"
            )
        self.model, self.pairs = model, contract.states
        self.state: dict[str, Array] = {}

    def push(self, inputs: Mapping[str, Any]) -> dict[str, Array]:
        """Answer for the next piece: the inputs that are no states, by name; returns the outputs that are none."""
        outputs = self.model.run({**inputs, **self.state})  # states that are not given begin at their reset value
        self.state = {s.input: outputs.pop(s.output) for s in self.pairs}
        return outputs

    def reset(self) -> None:
        """Forget what was pushed so far."""
        self.state = {}

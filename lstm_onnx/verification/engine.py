"""What an engine is: it answers for one file, and shares no code with another."""

from __future__ import annotations

from typing import Protocol

from lstm_onnx.contract import Array
from lstm_onnx.errors import UserError
from lstm_onnx.task import Arrays


class EngineError(UserError):
    """An engine cannot take a file, or refuses to answer; says which engine and why."""


class Engine(Protocol):
    """Answers for one file."""

    name: str

    def run(self, inputs: Arrays) -> dict[str, Array]:
        """Answer; arrays that are no input are passed over.

        Raises:
            EngineError: it does not run on inputs of these sizes.
        """
        ...

"""How an option is searched by `lstm-onnx tune`: a word that stands in the annotation of its field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Searched:
    """What values of an option are worth a try: `hidden: Annotated[int, Searched(16, 256, log=True)]`.

    Attributes:
        low: the least number; None where there are `choices`.
        high: the largest number.
        log: whether to step by factors and not by sums.
        choices: the values, where they are no numbers of a range; whatever JSON can hold.
    """

    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.choices) == (self.low is not None and self.high is not None):
            raise ValueError("an option is searched either between low and high, or among choices")
        if self.low is None or self.high is None:
            return
        if self.low >= self.high or (self.log and self.low <= 0):
            raise ValueError(f"from {self.low} to {self.high} is no range to search{', by factors' * self.log}")

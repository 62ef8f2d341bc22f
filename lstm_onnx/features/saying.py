"""What stands in torch behind a module that says sentences, and their loss."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx.errors import UserError
from lstm_onnx.features.sentence_graph import END, START, UNKNOWN
from lstm_onnx.nn.beam_search import Decoded

_SCORES = 3
"""Axes of scores: example, place, word."""


class Said(nn.Module):
    """Makes the numbers of words, and how many count, of an answer.

    Args:
        name: of the output.
        prefix: what the names of its numbers begin with.
        longest: words of an answer.
        scored: whether log-probabilities are answered too.
    """

    def __init__(self, name: str, prefix: str, longest: int, scored: bool) -> None:
        super().__init__()
        self.name, self.prefix, self.longest, self.scored = name, prefix, longest, scored

    def forward(self, answer: Any) -> dict[str, Tensor]:
        """Return numbers (batch, longest), END after the end, lengths (batch,), and what was `scored`."""
        if isinstance(answer, Decoded):
            found = {"tokens": answer.tokens, "lengths": answer.lengths}
            found |= {"score": answer.score, "log_probabilities": answer.log_probabilities} if self.scored else {}
        elif self.scored or not isinstance(answer, Tensor):
            wanted = "what beam_search gave" if self.scored else "a tensor, or what beam_search gave"
            raise UserError(
                f"module.forward: answers '{self.name}' with a {type(answer).__name__}; it must be {wanted}"
            )
        else:
            tokens = _likeliest(answer) if answer.dim() == _SCORES else answer
            before = (tokens != END).to(torch.int64).cumprod(dim=1)  # 1 until the first END
            found = {"tokens": tokens * before, "lengths": before.sum(dim=1)}
        if found["tokens"].dim() != 2 or found["tokens"].shape[1] != self.longest:
            raise UserError(
                f"module.forward: answers '{self.name}' with words of the shape {tuple(found['tokens'].shape)}; it "
                f"must be (batch, {self.longest}), as its `longest` is"
            )
        return {f"{self.prefix}{part}": tensor for part, tensor in found.items()}


def _likeliest(scores: Tensor) -> Tensor:
    """Choose a word, or the end, at each place: never what stands for no word."""
    ids = torch.arange(scores.shape[2], device=scores.device)
    silent = torch.where((ids == START) | (ids == UNKNOWN), float("-inf"), 0.0)
    return (scores + silent).argmax(dim=2)


def word_loss(name: str, answer: Any, tokens: Tensor, lengths: Tensor) -> Tensor:
    """Return the mean cross-entropy of a word, ends included.

    Args:
        name: of the output.
        answer: scores (batch, place, word), for the places of `tokens` at least.
        tokens: (batch, place), what is right.
        lengths: (batch,) how many of them count.
    """
    if not isinstance(answer, Tensor) or answer.dim() != _SCORES:
        raise UserError(
            f"module.forward: answers '{name}' in training with no scores (batch, word, width); if it finds words one "
            f"after the other, give forward a parameter '{name}', which gets the right ones, or write a loss"
        )
    places = min(answer.shape[1], tokens.shape[1])  # of a sentence as long as may be, the end has no place
    counts = torch.arange(places, device=tokens.device) < lengths.unsqueeze(1)
    right = torch.where(counts, tokens[:, :places], -1)
    return functional.cross_entropy(answer[:, :places].flatten(0, 1), right.flatten(), ignore_index=-1)

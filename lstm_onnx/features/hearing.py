"""What stands in torch behind a module that says what it heard, and the loss of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx.errors import UserError
from lstm_onnx.nn.ctc import ctc_letters, ctc_search, ctc_text


class Heard(nn.Module):
    """Makes letters of scores.

    Args:
        name: of the output.
        longest: letters of an answer.
        beams: texts that the search keeps; 1 for none.
    """

    def __init__(self, name: str, longest: int, beams: int) -> None:
        super().__init__()
        self.name, self.longest, self.beams = name, longest, beams

    def forward(self, answer: Tensor, lengths: Tensor | None, before: Tensor | None) -> dict[str, Tensor]:
        """Return numbers of letters: at each step (batch, step) and, of a whole sequence, without gaps.

        Args:
            answer: scores (batch, step, letter).
            lengths: steps that count, (batch,); None for all.
            before: of a stream, the likeliest number at the step before, (batch,).
        """
        letters = ctc_letters(answer, lengths, before)
        made = {f"{self.name}_number": letters}
        if before is not None:
            return made
        if self.beams == 1 or lengths is None:
            tokens, counts = ctc_text(letters, self.longest)
            return {**made, f"{self.name}_tokens": tokens, f"{self.name}_lengths": counts}
        found = ctc_search(torch.log_softmax(answer, dim=2), lengths, self.beams, self.longest)
        made |= {f"{self.name}_tokens": found.tokens, f"{self.name}_lengths": found.lengths}
        return {**made, f"{self.name}_score": found.score}

    @staticmethod
    def last(answer: Tensor) -> Tensor:
        """Return what a stream remembers of scores: the likeliest number at the last step, (batch,)."""
        return answer[:, -1].argmax(dim=1)


def ctc_loss(answer: Tensor, steps: Tensor, tokens: Tensor, lengths: Tensor) -> Tensor:
    """Return the mean loss of CTC of a letter; a text that has more letters than there are steps costs nothing.

    Args:
        answer: scores (batch, step, letter).
        steps: that count, (batch,).
        tokens: what is right, (batch, letter).
        lengths: letters that count, (batch,).
    """
    if not isinstance(answer, Tensor) or answer.dim() != 3:
        raise UserError("module.forward: answers a transcript with no scores (batch, step, width)")
    log_p = functional.log_softmax(answer, dim=2).transpose(0, 1)
    return functional.ctc_loss(log_p, tokens, steps, lengths, zero_infinity=True)

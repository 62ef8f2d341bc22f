"""A linear-chain conditional random field over the scores of labels, and its best path in the graph.

Lafferty, McCallum and Pereira (2001); the best path is that of Viterbi (1967). It is found without looking back: the
score of the best path through each label of each step is a message from the left, one from the right, and the label's
own score, and the label with the highest one is the one on the best path. Both messages are a `Scan` in ONNX.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from lstm_onnx.nn.reverse import reverse_by_length


class LinearChainCRF(nn.Module):
    """Scores of neighbouring labels, beside those of each label at each step.

    Args:
        labels: how many there are.
    """

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.transitions = nn.Parameter(torch.zeros(labels, labels))  # [from, to]
        self.first = nn.Parameter(torch.zeros(labels))
        self.last = nn.Parameter(torch.zeros(labels))

    def loss(self, scores: Tensor, labels: Tensor, lengths: Tensor) -> Tensor:
        """Return the mean negative log-likelihood of right labels, over steps.

        Args:
            scores: (batch, time, label), of each label at each step.
            labels: (batch, time) int64; what stands in the padding does not count.
            lengths: (batch,), each 1 at least.
        """
        steps = scores.shape[1]
        counts = torch.arange(steps, device=scores.device) < lengths.unsqueeze(1)
        right = torch.where(counts, labels, torch.zeros_like(labels))
        path = torch.where(counts, scores.gather(2, right.unsqueeze(2)).squeeze(2), scores.new_zeros(())).sum(dim=1)
        moves = self.transitions[right[:, :-1], right[:, 1:]]
        path = path + torch.where(counts[:, 1:], moves, scores.new_zeros(())).sum(dim=1)
        ends = right.gather(1, (lengths - 1).clamp(min=0).unsqueeze(1)).squeeze(1)
        path = path + self.first[right[:, 0]] + self.last[ends]
        total = self.first + scores[:, 0]
        for step in range(1, steps):
            moved = torch.logsumexp(total.unsqueeze(2) + self.transitions, dim=1) + scores[:, step]
            total = torch.where(counts[:, step : step + 1], moved, total)
        return (torch.logsumexp(total + self.last, dim=1) - path).sum() / counts.sum()

    def best(self, scores: Tensor, lengths: Tensor) -> Tensor:
        """Return the score of the best path through each label at each step, (batch, time, label).

        Only differences between the labels of a step count: what all have in common is left out, so that long sequences
        stay exact. The label with the highest score of a step is that of the best path of all (Viterbi), where that is
        one. In the padding stand the scores as they were.

        Args:
            scores: (batch, time, label).
            lengths: (batch,).
        """
        along = scores.transpose(0, 1)
        left = _messages(along, self.first, self.transitions)
        right = _messages(reverse_by_length(along, lengths), self.last, self.transitions.t())
        counts = (torch.arange(scores.shape[1], device=scores.device).unsqueeze(1) < lengths).unsqueeze(2)
        return torch.where(counts, left + reverse_by_length(right, lengths) - along, along).transpose(0, 1)


def _messages(scores: Tensor, start: Tensor, transitions: Tensor) -> Tensor:
    """Return the best score of paths that end in each label, up to a constant of the step; (time, batch, label)."""
    from torch._higher_order_ops.scan import scan

    def step(message: Tensor, score: Tensor) -> tuple[Tensor, Tensor]:
        total = message + score
        after = (total.unsqueeze(2) + transitions).amax(dim=1)
        return after - after.amax(dim=1, keepdim=True), total

    begin = start.expand(scores.shape[1], -1).clone()
    return cast(Tensor, scan(step, begin, scores, dim=0)[1])

"""Simple forecasts, combined with weights that are learnt (forecast combination, Bates and Granger 1969)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

STEPS, RATE = 100, 1.0
"""Of the exponentiated gradient (Kivinen and Warmuth 1997). So many leave weights near each other that do as well."""


class Combination(nn.Module):
    """A weighted mean: weights of each step ahead, moved by what the network sees of the window.

    Args:
        horizon: steps ahead.
        targets: what is forecast.
        count: how many simple forecasts there are.
        hidden: units that the network answers from.
    """

    def __init__(self, horizon: int, targets: int, count: int, hidden: int) -> None:
        super().__init__()
        self.by_step = nn.Parameter(torch.zeros(horizon, targets, count))
        self.by_window = nn.Linear(hidden, targets * count, bias=False)
        nn.init.zeros_(self.by_window.weight)

    def forward(self, simple: Tensor, seen: Tensor) -> Tensor:
        """Return (batch, horizon, target).

        Args:
            simple: the forecasts, (batch, horizon, target, count).
            seen: of each step ahead, (batch, horizon, hidden).
        """
        logits = self.by_step + self.by_window(seen).unflatten(2, self.by_step.shape[1:])
        return (torch.softmax(logits, dim=3) * simple).sum(dim=3)

    def solve(self, simple: Tensor, loss: Callable[[Tensor], Tensor]) -> None:
        """Move the weights of each step ahead towards those with the least loss. Called where gradients are off.

        Args:
            simple: forecasts of examples, (example, horizon, target, count).
            loss: of a forecast for them, (example, horizon, target).
        """
        steps = self.by_step.shape[0] * self.by_step.shape[1]  # the loss is their mean
        for _ in range(STEPS):
            with torch.enable_grad():
                weights = torch.softmax(self.by_step.detach(), dim=2).requires_grad_()
                (gradient,) = torch.autograd.grad(loss((weights * simple).sum(dim=3)), weights)
            self.by_step.sub_(RATE * steps * gradient)

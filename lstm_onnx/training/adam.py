"""Adam (Kingma and Ba 2015), or AdamW (Loshchilov and Hutter 2019), by PyTorch's fused kernel.

`torch.optim` does the same to the last bit, and around its kernel does so much in Python that a step of a small model
takes five times as long; besides, its constructor imports all of `torch.compile`, which takes a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

BETAS = (0.9, 0.999)
EPSILON = 1e-8


class Adam:
    """The optimizer of a training.

    Attributes:
        weights: what it changes.
        state: of each weight that has had a gradient, by its place: `step`, and the means `exp_avg` and `exp_avg_sq`;
            where weights are averaged, `average`.

    Args:
        weights: parameters of a model.
        decay: pull towards 0.
        decoupled: whether the pull is apart from the gradient, as in AdamW.
        followed: what the model itself changes in place, such as means of batch normalization: where weights are
            averaged, so is this.
    """

    def __init__(
        self,
        weights: Iterable[nn.Parameter],
        decay: float = 0.0,
        decoupled: bool = True,
        followed: Iterable[Tensor] = (),
    ) -> None:
        self.weights = list(weights)
        self.all: list[Tensor] = [*(weight.detach() for weight in self.weights), *followed]
        self.state: dict[int, dict[str, Tensor]] = {}
        self.decay = decay
        self.kernel = torch._fused_adamw_ if decoupled else torch._fused_adam_
        kinds: dict[tuple[torch.device, torch.dtype], list[int]] = {}
        for k, weight in enumerate(self.weights):
            kinds.setdefault((weight.device, weight.dtype), []).append(k)
        self.groups = list(kinds.values())  # which the kernel takes at once

    def forget_gradients(self) -> None:
        """Make room for those of the next batch."""
        for weight in self.weights:
            weight.grad = None

    def gradients(self) -> list[Tensor]:
        """Return those there are."""
        return [weight.grad for weight in self.weights if weight.grad is not None]

    @torch.no_grad()
    def step(self, rate: float, decay: float = 0.0) -> None:
        """Change the weights that have a gradient.

        Args:
            rate: learning rate.
            decay: of the moving average of the weights, what a step leaves of it; 0 for none.
        """
        for group in self.groups:
            found = ((k, self.weights[k].grad) for k in group)
            gradients = {k: gradient for k, gradient in found if gradient is not None}
            if not gradients:
                continue
            states = [self._state(k) for k in gradients]
            steps = [state["step"] for state in states]
            torch._foreach_add_(steps, 1)
            self.kernel(
                [self.weights[k] for k in gradients],
                list(gradients.values()),
                [state["exp_avg"] for state in states],
                [state["exp_avg_sq"] for state in states],
                [],
                steps,
                lr=rate,
                beta1=BETAS[0],
                beta2=BETAS[1],
                weight_decay=self.decay,
                eps=EPSILON,
                amsgrad=False,
                maximize=False,
            )
        if decay:
            self._average(decay)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the moving averages in the place of the weights, if there are any, until the block ends."""
        places = [k for k, state in self.state.items() if "average" in state]
        now = [self.all[k] for k in places]
        kept = [tensor.clone() for tensor in now]
        if places:
            torch._foreach_copy_(now, [self.state[k]["average"] for k in places])
        try:
            yield
        finally:
            if places:
                torch._foreach_copy_(now, kept)

    def load(self, state: dict[int, dict[str, Tensor]]) -> None:
        """Go on from a state that was kept."""
        self.state = {
            k: {name: tensor.to(self.all[k].device, copy=True) for name, tensor in kept.items()}
            for k, kept in state.items()
        }

    def _average(self, decay: float) -> None:
        """Move the averages; they begin with what is there after the first step. Weights without a gradient stay."""
        moved = list(dict.fromkeys([*self.state, *range(len(self.weights), len(self.all))]))
        for k in moved:
            state = self.state.setdefault(k, {})
            if "average" not in state:
                state["average"] = self.all[k].clone()
        if moved:
            averages = [self.state[k]["average"] for k in moved]
            torch._foreach_lerp_(averages, [self.all[k] for k in moved], 1 - decay)

    def _state(self, k: int) -> dict[str, Tensor]:
        if k not in self.state:
            weight = self.weights[k]
            self.state[k] = {
                "step": torch.zeros((), device=weight.device),
                "exp_avg": torch.zeros_like(weight, memory_format=torch.preserve_format),
                "exp_avg_sq": torch.zeros_like(weight, memory_format=torch.preserve_format),
            }
        return self.state[k]

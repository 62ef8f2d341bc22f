"""Whether several models train faster in one pass than one after the other: `python -m benchmarks.speed.together`.

`nn.LSTM` cannot be mapped over weights on a CPU (`torch.func.vmap`), so an LSTM of several models is written out with
batched products of matrices, as one pass would have to do it; beside it, as many calls of `nn.LSTM`'s own kernel.
Forward and backward, 32 windows of 48 rows of 10 features, one thread; processor time, medians of alternating rounds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

MODELS, STEPS, BATCH, FEATURES, ROUNDS = 4, 48, 32, 10, 9
Call = Callable[[], object]


def batched(x: Tensor, w: Tensor, r: Tensor, b: Tensor) -> Tensor:
    """Return the last hidden states (model, batch, hidden) of x (time, batch, feature), weights with a model each."""
    models, hidden = r.shape[0], r.shape[1]
    seen = torch.baddbmm(b.unsqueeze(1), x.flatten(0, 1).expand(models, -1, -1), w)
    h = c = x.new_zeros(models, x.shape[1], hidden)
    for gates in seen.view(models, x.shape[0], x.shape[1], 4 * hidden).unbind(1):
        i, f, g, o = torch.baddbmm(gates, h, r).chunk(4, dim=2)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
    return h


def calls(hidden: int) -> dict[str, Call]:
    """Return a step in one pass, and one model after the other."""
    x = torch.randn(STEPS, BATCH, FEATURES)
    shapes = ((MODELS, FEATURES, 4 * hidden), (MODELS, hidden, 4 * hidden), (MODELS, 4 * hidden))
    w, r, b = (torch.empty(shape).uniform_(-0.1, 0.1).requires_grad_() for shape in shapes)
    layers = [nn.LSTM(FEATURES, hidden) for _ in range(MODELS)]
    return {
        "one pass": lambda: batched(x, w, r, b).sum().backward(),
        "one after the other": lambda: [layer(x)[1][0].sum().backward() for layer in layers],
    }


def main() -> None:
    """Print a line for each size."""
    torch.set_num_threads(1)
    print(f"| hidden | {MODELS} models in one pass, ms | one after the other, ms | ratio |\n| --: | --: | --: | --: |")
    for hidden in (32, 64, 128):
        found: dict[str, list[float]] = {"one pass": [], "one after the other": []}
        for number in range(ROUNDS + 1):
            for name, call in calls(hidden).items():
                call()
                began = time.thread_time()
                call()
                if number:
                    found[name].append((time.thread_time() - began) * 1e3)
        one, each = found.values()
        ratio = statistics.median(a / b for a, b in zip(one, each, strict=True))
        print(f"| {hidden} | {statistics.median(one):.1f} | {statistics.median(each):.1f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()

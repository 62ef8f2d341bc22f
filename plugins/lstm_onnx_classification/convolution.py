"""The convolutional branch of LSTM-FCN (Karim, Majumdar, Darabi and Chen 2018), blind to padding."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx_classification.pooling import mean_over_time, valid_steps


class MaskedBatchNorm(nn.Module):
    """Batch normalisation (Ioffe and Szegedy 2015) of (batch, feature, time), whose statistics leave padding out."""

    mean: Tensor
    variance: Tensor

    def __init__(self, size: int, momentum: float = 0.1, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.momentum, self.epsilon = momentum, epsilon
        self.weight = nn.Parameter(torch.ones(size))
        self.bias = nn.Parameter(torch.zeros(size))
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("variance", torch.ones(size))

    def forward(self, x: Tensor, valid: Tensor) -> Tensor:
        """Normalise; `valid` is (batch, 1, time) of 0 and 1. What stands in the padding afterwards means nothing."""
        mean, variance = self.mean, self.variance
        if self.training:
            count = valid.sum()
            mean = (x * valid).sum(dim=(0, 2)) / count
            variance = ((x - mean[:, None]).square() * valid).sum(dim=(0, 2)) / count
            with torch.no_grad():
                self.mean.lerp_(mean, self.momentum)
                self.variance.lerp_(variance * count / (count - 1).clamp(min=1), self.momentum)
        scale = self.weight * (variance + self.epsilon).rsqrt()
        return x * scale[:, None] + (self.bias - mean * scale)[:, None]


class ConvolutionBranch(nn.Module):
    """Convolutions along time, each with batch normalisation and ReLU, then the mean over all steps.

    Args:
        channels: features of a step.
        filters: of each layer.
        kernels: steps that a filter of each layer spans (8, 5 and 3 as published); further layers begin anew.
    """

    def __init__(self, channels: int, filters: tuple[int, ...], kernels: tuple[int, ...]) -> None:
        super().__init__()
        sizes = (channels, *filters)
        self.kernels = [kernels[k % len(kernels)] for k in range(len(filters))]
        self.layers = nn.ModuleList(
            nn.Conv1d(before, after, kernel)
            for before, after, kernel in zip(sizes[:-1], sizes[1:], self.kernels, strict=True)
        )
        self.norms = nn.ModuleList(MaskedBatchNorm(size) for size in filters)
        self.size = sizes[-1]

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return (batch, size) from x (batch, time, channel), which is zero in the padding."""
        valid = valid_steps(x, lengths).to(x.dtype).transpose(1, 2)  # (batch, 1, time)
        x = x.transpose(1, 2)
        for layer, norm, kernel in zip(self.layers, self.norms, self.kernels, strict=True):
            padded = functional.pad(x, ((kernel - 1) // 2, kernel // 2))  # as many steps out as in
            # zero again where nothing is, so that the next layer sees past the end what it sees before the beginning
            x = functional.relu(norm(layer(padded), valid)) * valid
        return mean_over_time(x.transpose(1, 2), lengths)

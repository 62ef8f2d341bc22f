"""What the network sees of raw values and of words."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lstm_onnx.features.words import FIRST, PADDING, UNKNOWN
from lstm_onnx_classification.options import Config, Info
from lstm_onnx_classification.pooling import valid_steps

_LARGEST = 1e15
"""Raw values beyond this are cut, so that squares stay finite in float32."""
_FARTHEST = 20.0
"""Scaled values beyond this are cut: an outlier may say "large", and no more. At 100, rounding in a convolution moved a
probability by 2e-5."""
_FLAT = 1e-4
"""A sequence whose spread is less than this share of its mean counts as constant."""


class SeriesInput(nn.Module):
    """Scales raw values; where some were missing in training, also says which are.

    A missing value (NaN or infinite) becomes 0, which is the mean.
    """

    center: Tensor
    spread: Tensor

    def __init__(self, config: Config, info: Info) -> None:
        super().__init__()
        self.scaling, self.gaps, self.noise = config.scaling, info.gaps, config.noise
        self.register_buffer("center", torch.tensor(info.center, dtype=torch.float32))
        self.register_buffer("spread", torch.tensor(info.spread, dtype=torch.float32))
        self.size = len(info.channels) * (2 if info.gaps else 1)

    def forward(self, values: Tensor, lengths: Tensor) -> Tensor:
        """Return (batch, time, size), zero in the padding, from raw values (batch, time, channel)."""
        zero = torch.zeros((), device=values.device)
        known = torch.isfinite(values) & valid_steps(values, lengths)
        values = torch.where(known, values, zero).clamp(-_LARGEST, _LARGEST)
        if self.scaling == "global":
            values = (values - self.center) / self.spread
        elif self.scaling == "sequence":
            values = _standardised(values, known.to(values.dtype))
        values = values.clamp(-_FARTHEST, _FARTHEST)
        if self.training and self.noise:
            values = values + self.noise * torch.randn_like(values)
        x = torch.where(known, values, zero)
        if not self.gaps:
            return x
        missing = (~known & valid_steps(values, lengths)).to(x.dtype)
        return torch.cat([x, missing], dim=2)


def _standardised(values: Tensor, known: Tensor) -> Tensor:
    """Subtract the mean of each sequence's channel and divide by its spread; a constant channel becomes 0."""
    count = known.sum(dim=1, keepdim=True).clamp(min=1)
    apart = (values - values[:, :1]) * known  # from the first step: exactly 0 if constant, whatever the size
    mean = apart.sum(dim=1, keepdim=True) / count
    spread = (((apart - mean) * known).square().sum(dim=1, keepdim=True) / count).sqrt()
    size = (values.abs() * known).amax(dim=1, keepdim=True)
    return (apart - mean) / torch.maximum(spread, _FLAT * size).clamp(min=1e-12)


class WordInput(nn.Module):
    """Looks up the vectors of words."""

    def __init__(self, config: Config, known: int) -> None:
        super().__init__()
        self.hidden_share, self.size = config.word_dropout, config.embedding
        self.table = nn.Embedding(known + FIRST, config.embedding, padding_idx=PADDING)
        # smaller than torch's 1: a rare word that is hardly learnt must not drown the others
        nn.init.normal_(self.table.weight, std=0.1)
        with torch.no_grad():
            self.table.weight[PADDING] = 0
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Return (batch, word, size) from the numbers of words (batch, word); zero in the padding."""
        if self.training and self.hidden_share:
            hidden = (torch.rand(tokens.shape, device=tokens.device) < self.hidden_share) & (tokens != PADDING)
            tokens = torch.where(hidden, UNKNOWN, tokens)
        vectors: Tensor = self.dropout(self.table(tokens))
        return vectors * valid_steps(tokens, lengths).to(vectors.dtype)

"""The module of speech: LSTMs over spectra, and a score for each letter at each step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from lstm_onnx.nn.lstm import LSTM
from lstm_onnx.plugin import Audio, Learnt, Transcript
from lstm_onnx_speech.options import Config

_BANDS, _STEPS = 0.2, 0.1
"""Shares of bands and of moments that are hidden at most, each twice."""


class Listener(nn.Module):
    """Answers with a score for each letter at each block of a sound.

    Args:
        options: of the task.
        learnt: a sound, and the text along it.
    """

    def __init__(self, options: Config, learnt: Learnt) -> None:
        super().__init__()
        (sound,), (text,) = learnt.inputs, learnt.outputs
        assert isinstance(sound, Audio) and isinstance(text, Transcript)
        self.options, self.sound, self.text, self.mels = options, sound.name, text.name, sound.mels
        self.count = sound.lengths
        width = options.hidden * (2 if options.bidirectional else 1)
        sizes = [sound.size, *[width] * (options.layers - 1)]
        self.lstms = nn.ModuleList(LSTM(size, options.hidden, bidirectional=options.bidirectional) for size in sizes)
        self.dropout = nn.Dropout(options.dropout)
        self.head = nn.Linear(width, text.width)

    def forward(self, state: Any = None, **inputs: Tensor) -> tuple[dict[str, Tensor], Any]:
        """Return scores (batch, block, letter), and the states of the LSTMs where they go on.

        Args:
            state: as it was returned, or None at the start.
            inputs: spectra (batch, block, size), and how many blocks count, None for all.
        """
        x, lengths = inputs[self.sound], inputs[self.count]
        if self.training and self.options.masking:
            x = masked(x, self.mels)
        after = {}
        for k, lstm in enumerate(self.lstms):
            assert isinstance(lstm, LSTM)
            if self.options.bidirectional:
                x, _ = lstm.hidden_states(x, lengths)
            else:
                x, after[f"layer{k}"] = lstm(x, lengths, None if state is None else state[f"layer{k}"])
            x = self.dropout(x)
        return {self.text: self.head(x)}, after


def masked(x: Tensor, mels: int) -> Tensor:
    """Hide bands and moments, by their mean, which is 0: SpecAugment (Park and others 2019), without warping.

    Args:
        x: spectra (batch, block, frames * mels), scaled.
        mels: bands of a spectrum.
    """
    batch, steps, size = x.shape
    bands, moments = torch.arange(mels, device=x.device), torch.arange(steps, device=x.device)
    seen = torch.ones(batch, steps, mels, device=x.device)
    for _ in range(2):
        for axis, (place, share) in enumerate(((moments, _STEPS), (bands, _BANDS))):
            count = len(place)
            width = torch.rand(batch, 1, device=x.device) * share * count
            start = torch.rand(batch, 1, device=x.device) * (count - width)
            gone = (place >= start) & (place < start + width)  # (batch, count)
            seen = seen * (~gone).unsqueeze(2 - axis)
    return x * seen.repeat(1, 1, size // mels)

"""A vector for each word from its letters: filters over neighbouring letters, and of each its highest answer."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LetterFilters(nn.Module):
    """Reads words letter by letter, as Ma and Hovy (2016) do: a convolution, and the maximum over the places of a word.

    Args:
        alphabet: how many numbers of letters there are; 0 is no letter.
        filters: size of a word's vector.
        size: of a letter's vector.
        width: neighbouring letters that a filter sees.
    """

    def __init__(self, alphabet: int, filters: int, size: int = 32, width: int = 3) -> None:
        super().__init__()
        self.letters = nn.Embedding(alphabet, size, padding_idx=0)
        # nothing stands before the first letter and behind the last one, which filters see: as endings
        self.filters = nn.Conv1d(size, filters, width, padding=width - 1)
        self.size = filters

    def forward(self, letters: Tensor) -> Tensor:
        """Return (batch, word, filters), from the numbers of letters (batch, word, letter)."""
        batch, words, count = letters.shape
        signs = self.letters(letters.reshape(batch * words, count)).transpose(1, 2)
        found: Tensor = self.filters(signs).amax(dim=2)
        return torch.relu(found).reshape(batch, words, self.size)

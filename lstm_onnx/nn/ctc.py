"""Texts along sequences that nobody aligned with them: connectionist temporal classification (Graves and others 2006).

At each step a model scores every letter and the blank, number 0. A path of one number a step says the text that is left
when equal neighbours are joined and blanks are left out. `ctc_letters` takes the likeliest number of each step,
`ctc_search` adds up all paths of a text and finds a likely text: prefix beam search (Hannun and others 2014, without a
language model), in PyTorch a Python loop, in the exported graph one ONNX `Loop`.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch._higher_order_ops.while_loop import while_loop  # private still, but what torch.export documents

from lstm_onnx.nn.beam_search import top_k

_NEVER = -1e30
"""Log-probability of what cannot be: finite, so that sums and differences of it are numbers."""
Carried = tuple[Tensor, ...]


class Found(NamedTuple):
    """The likeliest text of each example.

    Attributes:
        tokens: (batch, longest) int64; 0 from its end on.
        lengths: (batch,) int64.
        score: (batch,) log-probability of the text, as far as the search saw its paths.
    """

    tokens: Tensor
    lengths: Tensor
    score: Tensor


def ctc_letters(scores: Tensor, lengths: Tensor | None, before: Tensor | None) -> Tensor:
    """Return the letter that begins at each step, or 0 for none: the likeliest path, equal neighbours joined.

    Args:
        scores: (batch, step, letter), of any scale.
        lengths: steps that count, (batch,); None for all.
        before: likeliest number at the step before the first one, (batch,); None for a blank.
    """
    best = scores.argmax(dim=2)
    first = torch.zeros_like(best[:, :1]) if before is None else before.unsqueeze(1)
    new = best != torch.cat([first, best[:, :-1]], dim=1)
    if lengths is not None:
        new = new & (torch.arange(best.shape[1], device=best.device) < lengths.unsqueeze(1))
    return torch.where(new, best, 0)


def ctc_text(letters: Tensor, longest: int) -> tuple[Tensor, Tensor]:
    """Return the letters of all steps without gaps, (batch, longest), 0 after their end, and how many there are.

    Args:
        letters: (batch, step), 0 for none.
        longest: letters at most; the rest is cut.
    """
    said = (letters != 0).to(torch.int64)
    place = said.cumsum(dim=1) * said  # from 1 where there is a letter
    wanted = torch.arange(1, longest + 1, device=letters.device)
    there = place.unsqueeze(2) == wanted  # (batch, step, longest)
    tokens = torch.where(there, letters.unsqueeze(2), 0).sum(dim=1)
    return tokens, said.sum(dim=1).clamp(max=longest)


def ctc_search(log_probabilities: Tensor, lengths: Tensor, width: int, longest: int) -> Found:
    """Find the text whose paths together are likeliest, among those that a beam keeps.

    Args:
        log_probabilities: (batch, step, letter), 0 the blank.
        lengths: steps that count, (batch,).
        width: texts that are kept from step to step.
        longest: letters of a text at most.
    """
    search = _Search(log_probabilities, lengths, width, longest)
    carried = search.begin()
    if torch.compiler.is_exporting():
        carried = while_loop(search.is_open, search.advance, carried)
    else:
        while search.is_open(*carried):
            carried = search.advance(*carried)
    return search.best(*carried)


def _log_add(a: Tensor, b: Tensor) -> Tensor:
    """Add probabilities by their logarithms."""
    return torch.maximum(a, b) + torch.log(1 + torch.exp(-(a - b).abs()))


class _Search:
    """The parts of a search, as `while_loop` wants them.

    What is carried: the step `at`, (); `tokens` of each text (batch, text, longest) and their `counts` (batch, text);
    `blank` and `letter`, log-probability of its paths that end with a blank, or with its last letter (batch, text).
    """

    def __init__(self, log_p: Tensor, lengths: Tensor, width: int, longest: int) -> None:
        self.log_p, self.lengths, self.width, self.longest = log_p, lengths, width, longest
        self.ids = torch.arange(log_p.shape[2], device=log_p.device)
        self.place = torch.arange(longest, device=log_p.device)

    def begin(self) -> Carried:
        """Return what is carried into the first step: the empty text alone is there."""
        batch, device = self.log_p.shape[0], self.log_p.device
        beams = torch.arange(self.width, device=device)
        tokens = torch.zeros(batch, self.width, self.longest, dtype=torch.int64, device=device)
        blank = torch.where(beams == 0, 0.0, _NEVER).expand(batch, -1).clone()
        return (
            torch.zeros((), dtype=torch.int64, device=device),
            tokens,
            torch.zeros(batch, self.width, dtype=torch.int64, device=device),
            blank,
            torch.full_like(blank, _NEVER),
        )

    def is_open(self, at: Tensor, *_: Tensor) -> Tensor:
        """Whether a step is left that counts."""
        return at < self.lengths.amax(dim=0)

    def advance(self, at: Tensor, tokens: Tensor, counts: Tensor, blank: Tensor, letter: Tensor) -> Carried:
        """Go on by a step: each text stays as it is, or grows by a letter."""
        now = self.log_p.index_select(1, at.reshape(1))  # (batch, 1, letter)
        last = tokens.gather(2, (counts - 1).clamp(min=0).unsqueeze(2))  # (batch, text, 1); 0 of an empty one
        total = _log_add(blank, letter)
        stay_blank = total + now[:, :, 0]
        of_last = now.expand(-1, self.width, -1).gather(2, last).squeeze(2)
        stay_letter = letter + of_last
        is_last = self.ids == last  # (batch, text, letter)
        grown = torch.where(is_last, blank.unsqueeze(2), total.unsqueeze(2)) + now
        grown = torch.where((self.ids == 0) | (counts.unsqueeze(2) >= self.longest), _NEVER, grown)
        # a text that grows may become one that is there already: then their paths are added up
        head = torch.where(self.place == (counts - 1).unsqueeze(2), 0, tokens)
        same = (tokens.unsqueeze(2) == head.unsqueeze(1)).all(dim=3)  # (batch, what grows, what is there)
        # a place that no text has taken yet must not come alive as a second one of the same
        same = same & (counts.unsqueeze(2) + 1 == counts.unsqueeze(1)) & (total > _NEVER / 2).unsqueeze(1)
        gain = grown.gather(2, last.squeeze(2).unsqueeze(1).expand(-1, self.width, -1))
        stay_letter = _log_add(stay_letter, torch.where(same, gain, _NEVER).amax(dim=1))
        taken = same.to(now.dtype) @ is_last.to(now.dtype)  # (batch, what grows, letter)
        grown = torch.where(taken > 0, _NEVER, grown)
        stays = _log_add(stay_blank, stay_letter).unsqueeze(2)
        value, beam, token = top_k(torch.where(self.ids == 0, stays, grown), self.width)
        grows = token != 0
        size = counts.gather(1, beam)
        after = tokens.gather(1, beam.unsqueeze(2).expand(-1, -1, self.longest))
        here = grows.unsqueeze(2) & (self.place == size.unsqueeze(2))
        counted = at < self.lengths.unsqueeze(1)  # (batch, 1)
        return (
            at + 1,
            torch.where(counted.unsqueeze(2), torch.where(here, token.unsqueeze(2), after), tokens),
            torch.where(counted, size + grows.to(torch.int64), counts),
            torch.where(counted, torch.where(grows, _NEVER, stay_blank.gather(1, beam)), blank),
            torch.where(counted, torch.where(grows, value, stay_letter.gather(1, beam)), letter),
        )

    def best(self, at: Tensor, tokens: Tensor, counts: Tensor, blank: Tensor, letter: Tensor) -> Found:
        """Return the likeliest text of each example."""
        score, beam, _ = top_k(_log_add(blank, letter).unsqueeze(2), 1)
        found = tokens.gather(1, beam.unsqueeze(2).expand(-1, -1, self.longest)).squeeze(1)
        return Found(found, counts.gather(1, beam).squeeze(1), score.squeeze(1))

"""Beam search for any task: in PyTorch a Python loop, in the exported graph one ONNX `Loop`.

`beam_search` takes the model's single step as a function and does the rest with operators that mean the same in PyTorch
and in ONNX, ties included: where two candidates are equally good, the one of the earlier beam wins, then the one with
the lower token. `torch.topk` promises no order of ties; the operator `top_k` does, as ONNX's `TopK`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch._higher_order_ops.while_loop import while_loop  # private still, but what torch.export documents

SearchState = tuple[Tensor, ...]
StepFunction = Callable[[Tensor, SearchState], tuple[Tensor, SearchState, Tensor | None]]
"""One step of a decoder.

From the last token of each row (row,) and its state, tensors of shape (row, …), to the log-probabilities of the next
token (row, token), the state after it, and what is to be noted of the step, (row, noted), or None. There is a row for
each beam: row `b * width + w` is beam `w` of example `b`. It must change nothing else, or it does not export.
"""

NEVER = float("-inf")


class Decoded(NamedTuple):
    """The best sequence of each example.

    Attributes:
        tokens: (batch, longest) int64; from the end on, the token that ends.
        lengths: (batch,) int64, tokens before the end.
        log_probabilities: (batch, longest) of each token, at `lengths` that of the end if it fits; 0 after it.
        score: (batch,) their sum.
        notes: (batch, longest, noted), what was noted of each of these steps, 0 after them; None if nothing was.
    """

    tokens: Tensor
    lengths: Tensor
    log_probabilities: Tensor
    score: Tensor
    notes: Tensor | None


def top_k(x: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """Find the k largest of each example, the largest first; of ties that of the first beam, then of the first token.

    It takes the first maximum of what is left, k times: for k = 3 of 5,000 numbers 50 times as fast as a stable sort.

    Args:
        x: (batch, beam, token).
        k: how many, of beams times tokens at most.

    Returns:
        The values, and the beams and the tokens where they stand, each (batch, k).
    """
    if torch.compiler.is_compiling():  # the exporter, which makes one node of it
        found: tuple[Tensor, Tensor, Tensor] = _exported_top_k(x, k)
        return found
    return _first_of_equals(x, k)


def _first_of_equals(x: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
    flat = x.flatten(1)
    left = flat.clamp(min=torch.finfo(x.dtype).min)  # so that -inf, which marks what is taken, is below all others
    places = []
    for _ in range(k):
        places.append(left.argmax(dim=1, keepdim=True))
        left.scatter_(1, places[-1], NEVER)
    found = torch.cat(places, dim=1)
    return flat.gather(1, found), found // x.shape[2], found % x.shape[2]


# called only while exporting: calling any custom operator imports the compiler, which takes seconds
_exported_top_k = torch.library.custom_op("lstm_onnx::top_k", _first_of_equals, mutates_args=())


@_exported_top_k.register_fake
def _(x: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
    places = x.new_empty(x.shape[0], k, dtype=torch.int64)
    return x.new_empty(x.shape[0], k), places, torch.empty_like(places)


def beam_search(
    step: StepFunction,
    state: SearchState,
    *,
    start: int,
    end: int,
    width: int,
    longest: int,
    length_penalty: float = 0.0,
    noted: int = 0,
) -> Decoded:
    """Find likely sequences, and of those the best.

    At each step the `width` sequences of the largest log-probability are kept, finished or not, until all of them are
    finished or as long as may be. The best is the one with the largest log-probability / length ** length_penalty,
    where the token that ends counts (Wu and others 2016, without its constants).

    Args:
        step: makes the log-probabilities of the next token; see `StepFunction`. What it reads besides (an encoded
            picture) has one entry for each example and none for each beam, as those change places.
        state: to begin with, tensors of shape (batch, …).
        start: token that stands before the first.
        end: token that ends a sequence; another one than `start`.
        width: beams; 1 is greedy search.
        longest: tokens at most, the one that ends included.
        length_penalty: 0 likes short sequences; 1 takes the mean of the log-probabilities.
        noted: values to note of each step.
    """
    search = _Search(step, len(state), start, end, width, longest, length_penalty)
    carried = search.begin(state, noted)
    if torch.compiler.is_exporting():
        carried = while_loop(search.is_open, search.advance, carried)
    else:  # the same, without compiling anew for each shape
        while search.is_open(*carried):
            carried = search.advance(*carried)
    return search.best(*carried)


class _Search:
    """The parts of a search, as `while_loop` wants them.

    What is carried from step to step:

    - `at`, how many steps are done, ();
    - `last`, the last token of each beam, (row,);
    - `total`, the log-probability of all its tokens, (batch, beam): -inf where there is none, at first in all but one;
    - `tokens` and `log_p`, the tokens and the log-probability of each, (row, longest);
    - `others`, the decoder's state and perhaps notes (row, longest, noted).
    """

    def __init__(
        self, step: StepFunction, states: int, start: int, end: int, width: int, longest: int, length_penalty: float
    ) -> None:
        self.step, self.states, self.start, self.end = step, states, start, end
        self.width, self.longest, self.length_penalty = width, longest, length_penalty

    def begin(self, state: SearchState, noted: int) -> SearchState:
        """Return what is carried into the first step."""
        # contiguous, as what comes out of a step is: while_loop wants the same strides in and out
        wide = [s.unsqueeze(1).expand(-1, self.width, *s.shape[1:]) for s in state]
        rows = [w.reshape(-1, *w.shape[2:]).contiguous() for w in wide]
        batch, device = state[0].shape[0], state[0].device
        self.first = torch.arange(batch, device=device).unsqueeze(1) * self.width  # the first row of each example
        self.place = torch.arange(self.longest, device=device)
        blank = torch.zeros(batch * self.width, self.longest, device=device)
        only_one = torch.where(torch.arange(self.width, device=device) == 0, 0.0, NEVER)
        return (
            torch.zeros((), dtype=torch.int64, device=device),
            torch.full((batch * self.width,), self.start, device=device),
            only_one.expand(batch, -1).clone(),
            torch.full_like(blank, self.end, dtype=torch.int64),
            blank,
            *rows,
            *([blank.unsqueeze(2).repeat(1, 1, noted)] if noted else []),
        )

    def is_open(self, at: Tensor, last: Tensor, total: Tensor, *_: Tensor) -> Tensor:
        """Whether any sequence can go on."""
        open_ = torch.where(last.view(-1, self.width) == self.end, NEVER, total)
        return (at < self.longest) & (open_.amax(dim=(0, 1)) > NEVER)

    def advance(
        self, at: Tensor, last: Tensor, total: Tensor, tokens: Tensor, log_p: Tensor, *others: Tensor
    ) -> SearchState:
        """Take a step with every beam, and keep the best continuations."""
        scores, state, note = self.step(last, others[: self.states])  # (row, token)
        is_end = torch.arange(scores.shape[1], device=last.device) == self.end
        # after the end comes the end, and costs nothing
        scores = torch.where((last == self.end).unsqueeze(1), torch.where(is_end, 0.0, NEVER), scores)
        total, beam, token = top_k(
            total.unsqueeze(2) + scores.view(-1, self.width, scores.shape[1]), self.width
        )  # (batch, beam) each
        rows, token = self._rows(beam), token.flatten()
        log_p_now = scores.index_select(0, rows).gather(1, token.unsqueeze(1))
        now = self.place == at
        notes = []
        if note is not None:
            note_now = note.index_select(0, rows).unsqueeze(1)
            notes.append(torch.where(now.unsqueeze(1), note_now, others[-1].index_select(0, rows)))
        return (
            at + 1,
            token,
            total,
            torch.where(now, token.unsqueeze(1), tokens.index_select(0, rows)),
            torch.where(now, log_p_now, log_p.index_select(0, rows)),
            *(s.index_select(0, rows) for s in state),
            *notes,
        )

    def best(self, at: Tensor, last: Tensor, total: Tensor, tokens: Tensor, log_p: Tensor, *others: Tensor) -> Decoded:
        """Return the best sequence of each example."""
        lengths = (tokens != self.end).sum(dim=1)
        counted = (lengths + 1).clamp(max=self.longest)  # the end too, where it fits
        worth = total / counted.view(-1, self.width).to(total.dtype) ** self.length_penalty
        _, beam, _ = top_k(worth.unsqueeze(2), 1)
        rows = self._rows(beam)
        notes = None
        if len(others) > self.states:
            noted = (self.place < counted.unsqueeze(1)).unsqueeze(2)  # what comes after is of no meaning
            notes = torch.where(noted, others[-1], 0.0).index_select(0, rows)
        return Decoded(
            tokens=tokens.index_select(0, rows),
            lengths=lengths.index_select(0, rows),
            log_probabilities=log_p.index_select(0, rows),
            score=total.flatten().index_select(0, rows),
            notes=notes,
        )

    def _rows(self, beams: Tensor) -> Tensor:
        """Return the rows of beams (batch, …) of each example."""
        return (self.first + beams).flatten()

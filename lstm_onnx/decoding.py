"""Beam search that exports: one `forward` decodes in PyTorch, and becomes a `Loop` in the graph.

`beam_search` takes the model's single step as a function and does the rest with operators of which each means the same in
PyTorch and in ONNX, ties included: where two candidates are equally good, the one with the lower beam wins, then the one
with the lower token. `torch.topk` promises no order of ties; the operator `lstm_onnx::top_k` does, as ONNX's `TopK`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

try:  # private in PyTorch, which pins what it does by the version alone
    from torch._higher_order_ops.while_loop import while_loop
except ImportError as error:  # pragma: no cover
    raise ImportError("this release of PyTorch has no while_loop; lstm-onnx needs torch 2.13 or newer") from error

State = tuple[Tensor, ...]
Step = Callable[[Tensor, State], tuple[Tensor, State, Tensor | None]]
"""One step of a decoder.

From the last token of each row (rows,) and its state, tensors of shape (rows, …), to the log-probabilities of the next
token (rows, vocabulary), the state after it, and what is to be noted of the step, (rows, noted), or None. Row
`b * width + w` is beam `w` of example `b`.
"""

NEVER = float("-inf")


class Decoded(NamedTuple):
    """The best sequence of each example.

    Attributes:
        tokens: (batch, longest) int64; the end, and after it, is filled with the token that ends.
        lengths: (batch,) int64: tokens before the end.
        chances: (batch, longest) log-probability of each token, 0 after the end.
        score: (batch,) their sum.
        notes: (batch, longest, noted) what was noted at each step, 0 after the end; None if nothing was.
    """

    tokens: Tensor
    lengths: Tensor
    chances: Tensor
    score: Tensor
    notes: Tensor | None


@torch.library.custom_op("lstm_onnx::top_k", mutates_args=())
def top_k_op(x: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k largest of each row of x (rows, columns) and where they stand, the largest first; of ties the first."""
    values, places = torch.sort(x, dim=1, descending=True, stable=True)
    return values[:, :k].contiguous(), places[:, :k].contiguous()


@top_k_op.register_fake
def _(x: Tensor, k: int) -> tuple[Tensor, Tensor]:
    return x.new_empty(x.shape[0], k), x.new_empty(x.shape[0], k, dtype=torch.int64)


def top_k(x: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k largest of each row of x (rows, columns), the largest first, and their columns; of ties the first."""
    values, places = torch.ops.lstm_onnx.top_k(x, k)
    return values, places


def beam_search(
    step: Step,
    state: State,
    *,
    start: int,
    end: int,
    width: int,
    longest: int,
    length_penalty: float = 0.0,
    noted: int = 0,
) -> Decoded:
    """Find likely sequences, and of those the best.

    The `width` best unfinished and finished sequences are kept at each step, by their total log-probability, until all
    of them are finished or as long as may be. The best is the one with the largest total / length ** length_penalty,
    where the token that ends counts (Wu and others 2016, without its constants).

    Args:
        step: makes the log-probabilities of the next token; see `Step`. What it reads besides (an encoded picture) has
            one entry for each example, and none for each beam, as those change places.
        state: to begin with, tensors of shape (batch, …).
        start: token that stands before the first.
        end: token that ends a sequence.
        width: beams; 1 is greedy search.
        longest: tokens at most, the one that ends included.
        length_penalty: 0 likes short sequences; 1 takes the mean of the log-probabilities.
        noted: values to note of each step.
    """
    rows = [_for_each_beam(s, width) for s in state]
    first = rows[0]
    count = first.shape[0]
    place = torch.arange(longest, device=first.device)
    whole = torch.zeros(count, dtype=torch.int64, device=first.device)
    only_first = torch.where(torch.arange(width, device=first.device) == 0, 0.0, NEVER)
    carried = (
        torch.zeros((), dtype=torch.int64, device=first.device),  # the step
        whole + start,  # the last token of each row
        _for_each_example(only_first, state[0]),  # total log-probability: all beams are the same at first
        whole != whole,  # finished
        whole + 0,  # length
        (whole + end).unsqueeze(1).repeat(1, longest),
        first.new_zeros(count, longest),
        first.new_zeros(count, longest, noted) if noted else first.new_zeros(1),
        *rows,
    )

    def unfinished(at: Tensor, last: Tensor, total: Tensor, done: Tensor, *others: Tensor) -> Tensor:
        return (at < longest) & ~done.all()

    def advance(
        at: Tensor,
        last: Tensor,
        total: Tensor,
        done: Tensor,
        length: Tensor,
        tokens: Tensor,
        chances: Tensor,
        notes: Tensor,
        *states: Tensor,
    ) -> tuple[Tensor, ...]:
        scores, after, note = step(last, states)
        size = scores.shape[1]
        ending = torch.where(torch.arange(size, device=scores.device) == end, 0.0, NEVER)
        scores = torch.where(done.unsqueeze(1), ending, scores)
        best, chosen = top_k((total.unsqueeze(1) + scores).reshape(-1, width * size), width)
        begin = width * torch.arange(chosen.shape[0], device=scores.device).unsqueeze(1)
        parent = (begin + chosen // size).reshape(-1)
        token = (chosen % size).reshape(-1)
        chance = scores.index_select(0, parent).gather(1, token.unsqueeze(1))
        was_done = done.index_select(0, parent)
        here = (place == at).unsqueeze(0)
        if noted:
            assert note is not None
            fresh = torch.where(was_done.unsqueeze(1), torch.zeros((), device=note.device), note.index_select(0, parent))
            notes = torch.where(here.unsqueeze(2), fresh.unsqueeze(1), notes.index_select(0, parent))
        return (
            at + 1,
            token.clone(),
            best.reshape(-1),
            was_done | (token == end),
            length.index_select(0, parent) + (~was_done).to(torch.int64),
            torch.where(here, token.unsqueeze(1), tokens.index_select(0, parent)),
            torch.where(here, chance, chances.index_select(0, parent)),
            notes.clone(),
            *(s.index_select(0, parent) for s in after),
        )

    if torch.compiler.is_exporting():
        carried = while_loop(unfinished, advance, carried)
    else:  # the same, without compiling anew for each shape
        while unfinished(*carried):
            carried = advance(*carried)
    _, _, total, _, length, tokens, chances, notes, *_ = carried
    worth = total / length.clamp(min=1).to(total.dtype) ** length_penalty
    _, winner = top_k(worth.reshape(-1, width), 1)
    pick = (width * torch.arange(winner.shape[0], device=first.device).unsqueeze(1) + winner).reshape(-1)
    found = tokens.index_select(0, pick)
    return Decoded(
        tokens=found,
        lengths=(found != end).to(torch.int64).sum(dim=1),
        chances=chances.index_select(0, pick),
        score=total.index_select(0, pick),
        notes=notes.index_select(0, pick) if noted else None,
    )


def _for_each_beam(x: Tensor, width: int) -> Tensor:
    """Repeat each row of x (batch, …) for its beams: (batch * width, …)."""
    return x.unsqueeze(1).expand(-1, width, *x.shape[1:]).reshape(-1, *x.shape[1:])


def _for_each_example(x: Tensor, like: Tensor) -> Tensor:
    """Repeat x (width,) for each example of `like` (batch, …): (batch * width,)."""
    return x.unsqueeze(0).expand(like.shape[0], -1).reshape(-1)

"""Sampling for any task: a sequence drawn token by token, in PyTorch a Python loop, in the exported graph one `Loop`.

The noise comes from the seed, the place and the token by arithmetic on whole numbers alone, so that the same seed draws
the same sequence in PyTorch and in every runtime, whatever else is in the batch. A token is drawn by the largest of its
score plus Gumbel noise (Maddison and others 2014), which needs no division by the temperature: 0 takes the likeliest.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch._higher_order_ops.while_loop import while_loop  # private still, but what torch.export documents

from lstm_onnx.nn.beam_search import NEVER, Decoded, SearchState, StepFunction

_PRIME = 2**31 - 1
"""Whole numbers below it can be multiplied in 64 bits; the fifth power permutes them, as 5 is prime to it less 1."""
_FINE = 2**23
"""Steps of what is drawn from 0 to 1: half of one is exact in float32, so that it is never 0 or 1."""
_COLDEST = 0.01
"""Temperature below which `top_p` counts as at it."""
_SEED, _PLACE, _TOKEN, _LAST = 486_187_739, 1_500_450_271, 715_225_739, 1_190_494_759
"""Large primes that set apart what is mixed."""


class Choice(NamedTuple):
    """How tokens are drawn, for each example (batch,).

    Attributes:
        seed: int64, from 0 on; another seed, another sequence.
        temperature: 1 draws as the model says, less makes likely tokens likelier, 0 takes the likeliest.
        top_k: int64, draws from so many of the likeliest; 0 from all.
        top_p: draws from the likeliest that have this share of the probability together; 1 from all.
        longest: int64, tokens to draw at most.
        stop: int64, a token after which nothing is drawn; -1 for none.
        begin: int64, the place of the first token: noise depends on the place, so that a sequence that is drawn in
            pieces, each after those before it, is the one that is drawn at once.
    """

    seed: Tensor
    temperature: Tensor
    top_k: Tensor
    top_p: Tensor
    longest: Tensor
    stop: Tensor
    begin: Tensor


def _fifth_power(x: Tensor) -> Tensor:
    x = x % _PRIME
    square = x * x % _PRIME
    return square * square % _PRIME * x % _PRIME


def uniform_noise(seed: Tensor, place: Tensor, width: int) -> Tensor:
    """Return numbers between 0 and 1, one for each token, that look as if drawn: (batch, width) float32.

    Args:
        seed: (batch,) int64, from 0 on.
        place: (batch,) int64, of the token in its sequence.
        width: how many tokens there are.
    """
    mixed = _fifth_power(_fifth_power(seed % _PRIME + _SEED) + place * _PLACE)
    token = torch.arange(width, device=seed.device)
    found = _fifth_power(_fifth_power(mixed.unsqueeze(1) + token * _TOKEN) + _LAST)
    return ((found % _FINE).to(torch.float32) + 0.5) / _FINE


def draw(scores: Tensor, step: Tensor, choice: Choice) -> Tensor:
    """Draw a token of each example: (batch,) int64.

    Args:
        scores: of each token, logits or log-probabilities (batch, token); -inf is never drawn.
        step: () int64, how many were drawn before.
        choice: how.
    """
    width = scores.shape[1]
    warm = choice.temperature.clamp(min=_COLDEST).unsqueeze(1)
    ordered, _ = torch.topk(scores, width, dim=1)
    share = torch.softmax(ordered / warm, dim=1)
    above = torch.cumsum(share, dim=1) - share  # what likelier tokens have together
    by_share = (above < choice.top_p.unsqueeze(1)).to(torch.int64).sum(dim=1)
    by_share = torch.where(choice.top_p >= 1, width, by_share)
    by_rank = torch.where(choice.top_k <= 0, width, choice.top_k)
    kept = torch.minimum(by_share, by_rank).clamp(1, width)
    least = ordered.gather(1, (kept - 1).unsqueeze(1))
    noise = -torch.log(-torch.log(uniform_noise(choice.seed, choice.begin + step, width)))
    drawn = torch.where(scores >= least, scores + choice.temperature.unsqueeze(1) * noise, NEVER)
    return drawn.argmax(dim=1)


def sample(
    step: StepFunction, scores: Tensor, state: SearchState, choice: Choice, *, end: int, longest: int
) -> Decoded:
    """Draw a sequence for each example, token by token.

    Args:
        step: makes the scores of the next token of a token and a state; see `StepFunction`, with one row an example.
        scores: of the first token, (batch, token).
        state: after which these are the scores, tensors of shape (batch, …).
        choice: how to draw.
        end: token that ends a sequence.
        longest: tokens at most, the one that ends included; `choice.longest` may be less.

    Returns:
        what was drawn, with log-probabilities as the model says them, at a temperature of 1.
    """
    drawing = _Drawing(step, choice, end, longest)
    carried = drawing.begin(scores, state)
    if torch.compiler.is_exporting():
        carried = while_loop(drawing.is_open, drawing.advance, carried)
    else:  # the same, without compiling anew for each shape
        while drawing.is_open(*carried):
            carried = drawing.advance(*carried)
    _, _, tokens, log_p, *_ = carried
    return Decoded(
        tokens=tokens,
        lengths=(tokens != end).sum(dim=1),
        log_probabilities=log_p,
        score=log_p.sum(dim=1),
        notes=None,
    )


class _Drawing:
    """The parts of the loop, as `while_loop` wants them.

    What is carried: `at`, how many steps are done, (); `room`, how many tokens an example may still get (batch,);
    `tokens` and the log-probability of each, (batch, longest); the scores of the next token; the decoder's state.
    """

    def __init__(self, step: StepFunction, choice: Choice, end: int, longest: int) -> None:
        self.step, self.choice, self.end, self.longest = step, choice, end, longest

    def begin(self, scores: Tensor, state: SearchState) -> SearchState:
        """Return what is carried into the first step."""
        self.place = torch.arange(self.longest, device=scores.device)
        blank = torch.zeros(scores.shape[0], self.longest, device=scores.device)
        return (
            torch.zeros((), dtype=torch.int64, device=scores.device),
            self.choice.longest.clamp(0, self.longest),
            torch.full_like(blank, self.end, dtype=torch.int64),
            blank,
            scores.contiguous(),
            *(s.contiguous() for s in state),
        )

    def is_open(self, at: Tensor, room: Tensor, *_: Tensor) -> Tensor:
        """Whether any sequence can go on."""
        return (at < self.longest) & (room.amax(dim=0) > 0)

    def advance(
        self, at: Tensor, room: Tensor, tokens: Tensor, log_p: Tensor, scores: Tensor, *state: Tensor
    ) -> SearchState:
        """Draw a token for every sequence that is open, and go on."""
        open_ = room > 0
        token = torch.where(open_, draw(scores, at, self.choice), self.end)
        said = torch.log_softmax(scores, dim=1).gather(1, token.unsqueeze(1))
        now = (self.place == at) & open_.unsqueeze(1)
        goes_on = open_ & (token != self.end) & (token != self.choice.stop)
        after, new, _ = self.step(token, state)
        return (
            at + 1,
            torch.where(goes_on, room - 1, 0),
            torch.where(now, token.unsqueeze(1), tokens),
            torch.where(now, said, log_p),
            after.contiguous(),
            *(s.contiguous() for s in new),
        )

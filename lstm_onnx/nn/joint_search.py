"""One search that several models make together: each has its own states, and all of them have one say in each step.

What a model would find by itself, its `forward` returns as a `Search` or a `Sampling`, which is still to be made; then
one model makes it, or several at once.

- A `Search` ranks by the mean of the models' log-probabilities, so that the score of a sentence is the mean of what
  each would give it. The logarithm of the mean probability is as usual (fairseq takes that, OpenNMT this); on drawn
  dates and scenes this was better (`benchmarks/development`, "Ensembles"), though by less than one seed differs from
  another.
- A `Sampling` draws from the mean of their probabilities, which is a probability again, so that what is said of a text
  stays its log-probability; by it a text is never less likely than by the members' mean (Jensen).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn

from lstm_onnx.nn.beam_search import Decoded, SearchState, StepFunction, beam_search
from lstm_onnx.nn.sampling import Choice, sample

_LEAST = -1e30
"""Below every log-probability, and finite: where no model has any, -inf less -inf would be no number."""


def log_mean(each: Sequence[Tensor]) -> Tensor:
    """Return the logarithm of the mean of probabilities, of which `each` holds logarithms, all of one shape."""
    if len(each) == 1:
        return each[0]
    apart = torch.stack(list(each))
    top = apart.amax(dim=0).clamp(min=_LEAST)
    return top + torch.log(torch.exp(apart - top).sum(dim=0)) - math.log(len(each))


@dataclass(frozen=True)
class Search:
    """A beam search that is still to be made; what `forward` returns in place of its answers.

    Attributes:
        step: see `beam_search`, as all but `answers`.
        state: tensors (batch, …).
        start: token before the first.
        end: token that ends a sequence.
        width: beams.
        longest: tokens at most.
        answers: makes of what was found what `forward` would return.
        length_penalty: 0 likes short sequences.
        noted: values to note of each step.
    """

    step: StepFunction
    state: SearchState
    start: int
    end: int
    width: int
    longest: int
    answers: Callable[[Decoded], Any]
    length_penalty: float = 0.0
    noted: int = 0

    @property
    def settings(self) -> Mapping[str, Any]:
        """What all models that search together must have alike."""
        names = ("start", "end", "width", "longest", "length_penalty", "noted")
        return {name: getattr(self, name) for name in names}

    @staticmethod
    def settle(each: Sequence[Search]) -> list[Any]:
        """Make one search of all, with the settings of the first; return what the `forward` of each would."""
        step, state = _together([s.step for s in each], [s.state for s in each], _mean)
        decoded = beam_search(step, state, **each[0].settings)
        return [search.answers(decoded) for search in each]


@dataclass(frozen=True)
class Sampling:
    """A sequence that is still to be drawn; what `forward` returns in place of its answers.

    Attributes:
        step: see `sample`, as all but `told` and `answers`.
        scores: of the first token, (batch, token).
        state: tensors (batch, …).
        choice: how to draw.
        end: token that ends a sequence.
        longest: tokens at most.
        told: log-probabilities of what was given, of any shape: several models say how likely it is together.
        answers: makes of what was drawn, and of the `told` of all, what `forward` would return.
    """

    step: StepFunction
    scores: Tensor
    state: SearchState
    choice: Choice
    end: int
    longest: int
    told: Tensor
    answers: Callable[[Decoded, Tensor], Any]

    @property
    def settings(self) -> Mapping[str, Any]:
        """What all models that draw together must have alike."""
        return {"end": self.end, "longest": self.longest}

    @staticmethod
    def settle(each: Sequence[Sampling]) -> list[Any]:
        """Draw one sequence from all; return what the `forward` of each would."""
        first = each[0]
        step, state = _together([s.step for s in each], [s.state for s in each], _log_mean_of_scores)
        scores = first.scores if len(each) == 1 else _log_mean_of_scores([s.scores for s in each])
        drawn = sample(step, scores, state, first.choice, end=first.end, longest=first.longest)
        told = log_mean([s.told for s in each])
        return [s.answers(drawn, told) for s in each]


Pending = Search | Sampling


def is_pending(found: Any) -> TypeGuard[Pending]:
    """Whether `forward` left a search to be made."""
    return isinstance(found, Search | Sampling)


class Searcher(nn.Module):
    """Makes the search that `forward` left; a module, so that the nodes of a graph that search are named after it."""

    def forward(self, found: Pending) -> Any:
        """Return what the `forward` that left the search would return."""
        return settled_together([found])[0]


def settled_together(found: Sequence[Any]) -> list[Any]:
    """Return what the `forward` of each of several models would return; all left a search of one kind."""
    made: list[Any] = type(found[0]).settle(found)
    return made


def _mean(each: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(each)).mean(dim=0)


def _log_mean_of_scores(each: Sequence[Tensor]) -> Tensor:
    """Return log-probabilities of scores (batch, token) of any scale."""
    return log_mean([torch.log_softmax(scores, dim=1) for scores in each])


def _together(
    steps: Sequence[StepFunction], states: Sequence[SearchState], join: Callable[[Sequence[Tensor]], Tensor]
) -> tuple[StepFunction, SearchState]:
    """Return a step of all models, and the states of all in a row.

    Args:
        steps: of each.
        states: of each.
        join: makes scores of a step of those of all.
    """
    if len(steps) == 1:
        return steps[0], states[0]
    ends = [sum(len(s) for s in states[:k]) for k in range(len(states) + 1)]

    def step(token: Tensor, state: SearchState) -> tuple[Tensor, SearchState, Tensor | None]:
        said = [one(token, state[a:b]) for one, a, b in zip(steps, ends, ends[1:], strict=False)]
        notes = [note for _, _, note in said if note is not None]
        after = tuple(part for _, own, _ in said for part in own)
        return join([scores for scores, _, _ in said]), after, _mean(notes) if notes else None

    return step, tuple(part for own in states for part in own)

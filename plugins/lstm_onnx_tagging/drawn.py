"""Sentences with people, places and times in them, drawn from patterns."""

from __future__ import annotations

import numpy as np

_PATTERNS = (
    "{person} moved from {place} to {place} {time} .",
    "{time} {person} met {person} in {place} .",
    "The train to {place} was late , said {person} .",
    "In {place} it rained {time} , and {person} stayed at home .",
    "Nobody in {place} knew where {person} had gone {time} .",
    "Does {person} still live near {place} ?",
    "{person} , who had come from {place} , left {time} .",
    "The market of {place} opens {time} .",
    "It was a long and quiet day .",
    "We waited {time} and heard nothing .",
)
_SYLLABLES = ("ba", "do", "ki", "lu", "me", "no", "ra", "si", "tu", "ve", "lin", "mar")
_TIMES = ("last year", "on Monday", "at noon", "in May", "two days ago", "since Friday", "every summer", "today")


def draw(count: int, random: np.random.Generator) -> tuple[list[str], list[list[str]]]:
    """Draw sentences whose names are made up anew, so that the words around them have to tell what they are.

    Returns:
        the sentences, and the label of each word.
    """
    made = [_sentence(random) for _ in range(count)]
    return [" ".join(words) for words, _ in made], [tags for _, tags in made]


def _sentence(random: np.random.Generator) -> tuple[list[str], list[str]]:
    words: list[str] = []
    tags: list[str] = []
    for piece in str(random.choice(_PATTERNS)).split():
        kind = piece.strip("{}")
        if kind == piece:
            words.append(piece)
            tags.append("O")
            continue
        found = str(random.choice(_TIMES)).split() if kind == "time" else _name(random)
        words += found
        tags += [f"B-{kind}", *[f"I-{kind}"] * (len(found) - 1)]
    return words, tags


def _name(random: np.random.Generator) -> list[str]:
    parts = int(random.integers(1, 3))
    return ["".join(random.choice(_SYLLABLES, size=int(random.integers(2, 4)))).capitalize() for _ in range(parts)]

"""How good captions are: exact match, BLEU, ROUGE-L and CIDEr-D.

The figures are those of pycocoevalcap 1.2, which everybody quotes, computed anew because that package brings 100 MB of
Java; the tests hold one against the other. Its CIDEr is the variant CIDEr-D, and counts a caption's length in pairs of
words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import exp, log, sqrt

import numpy as np

from lstm_onnx.data.collected import Collected
from lstm_onnx.task import Arrays, Totals
from lstm_onnx_captioning.options import CAPTION

Words = list[str]
Grams = Counter[tuple[str, ...]]

ORDERS = 4
"""Longest n-grams that count."""
_RECALL = 1.2
"""How much more recall counts than precision in ROUGE-L."""
_SPREAD = 6.0
"""Of the penalty on differing lengths in CIDEr-D."""


def totals(outputs: Arrays, batch: Arrays) -> Totals:
    """Collect the captions of a batch; what they are worth shows only over all of them."""
    judged = Collected(captions=np.asarray(outputs[CAPTION]), references=np.asarray(batch[CAPTION]))
    return {"captions": (judged, float(len(batch[CAPTION])))}


def finish(totals: Totals) -> dict[str, float]:
    """Score all captions."""
    found = totals["captions"][0].arrays()
    said = zip(found.get("captions", ()), found.get("references", ()), strict=True)
    pairs = [(str(caption), str(references).split("\n")) for caption, references in said]
    if not pairs:
        return {name: float("nan") for name in ("cider", "exact", "rouge_l", *(f"bleu{n + 1}" for n in range(ORDERS)))}
    captions = [caption.split() for caption, _ in pairs]
    references = [[text.split() for text in texts] for _, texts in pairs]
    return {
        "cider": cider(captions, references),
        "exact": sum(caption in texts for caption, texts in pairs) / len(pairs),
        "rouge_l": sum(rouge_l(c, r) for c, r in zip(captions, references, strict=True)) / len(pairs),
        **{f"bleu{n + 1}": value for n, value in enumerate(bleu(captions, references))},
    }


def grams(words: Sequence[str], order: int) -> Grams:
    """Count the n-grams of one order."""
    return Counter(tuple(words[i : i + order]) for i in range(len(words) - order + 1))


def bleu(captions: Sequence[Words], references: Sequence[Sequence[Words]]) -> list[float]:
    """Return BLEU-1 to BLEU-4 of a corpus (Papineni and others 2002), the closest reference giving the length."""
    right, said = [0] * ORDERS, [0] * ORDERS
    length = wanted = 0
    for caption, texts in zip(captions, references, strict=True):
        length += len(caption)
        wanted += min((abs(len(text) - len(caption)), len(text)) for text in texts)[1]
        for n in range(ORDERS):
            most: Grams = Counter()
            for text in texts:
                most |= grams(text, n + 1)
            found = grams(caption, n + 1)
            right[n] += (found & most).total()
            said[n] += found.total()
    found_in, product = [], 1.0
    ratio = (length + 1e-15) / (wanted + 1e-9)  # the small numbers are the reference implementation's
    brevity = exp(1 - 1 / ratio) if ratio < 1 else 1.0
    for n in range(ORDERS):
        product *= (right[n] + 1e-15) / (said[n] + 1e-9)
        found_in.append(product ** (1 / (n + 1)) * brevity)
    return found_in


def rouge_l(caption: Words, references: Sequence[Words]) -> float:
    """Return ROUGE-L of one caption (Lin 2004): best precision and best recall among the references."""
    common = [_longest_common(caption, text) for text in references]
    precision = max(c / len(caption) for c in common) if caption else 0.0
    recall = max(c / len(text) if text else 0.0 for c, text in zip(common, references, strict=True))
    if not precision or not recall:
        return 0.0
    return (1 + _RECALL**2) * precision * recall / (recall + _RECALL**2 * precision)


def _longest_common(a: Words, b: Words) -> int:
    """Return the length of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for word in a:
        before = row
        row = [0]
        for j, other in enumerate(b):
            row.append(before[j] + 1 if word == other else max(before[j + 1], row[j]))
    return row[-1]


def cider(captions: Sequence[Words], references: Sequence[Sequence[Words]]) -> float:
    """Return CIDEr-D of a corpus (Vedantam and others 2015), 10 at best; one picture alone gives 0."""
    seen: Grams = Counter()  # in the references of how many pictures
    for texts in references:
        seen.update({gram for text in texts for n in range(ORDERS) for gram in grams(text, n + 1)})
    all_of_them = log(len(references))

    def weighed(words: Words) -> list[dict[tuple[str, ...], float]]:
        return [
            {gram: count * (all_of_them - log(max(1, seen[gram]))) for gram, count in grams(words, n + 1).items()}
            for n in range(ORDERS)
        ]

    scores = []
    for caption, texts in zip(captions, references, strict=True):
        own = weighed(caption)
        alike = [_alike(own, weighed(text), len(caption), len(text)) for text in texts]
        scores.append(10 * sum(alike) / len(alike))
    return sum(scores) / len(scores)


def _alike(
    a: list[dict[tuple[str, ...], float]], b: list[dict[tuple[str, ...], float]], length_a: int, length_b: int
) -> float:
    """Return the mean over orders of the cosine of two weighed captions, clipped and with the penalty on length."""
    apart = max(length_a - 1, 0) - max(length_b - 1, 0)  # in pairs of words
    penalty = exp(-(apart**2) / (2 * _SPREAD**2))
    total = 0.0
    for mine, theirs in zip(a, b, strict=True):
        product = sum(min(value, theirs.get(gram, 0.0)) * theirs.get(gram, 0.0) for gram, value in mine.items())
        norms = sqrt(sum(v * v for v in mine.values())) * sqrt(sum(v * v for v in theirs.values()))
        total += product / norms if norms else product
    return total * penalty / len(a)

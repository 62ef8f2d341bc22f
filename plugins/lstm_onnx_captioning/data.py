"""From a source to examples for training, validation and test.

A picture with all its captions is in one part, the one that the data names or that the seed decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.errors import UserError
from lstm_onnx.task import TaskData
from lstm_onnx_captioning.captions import build_words
from lstm_onnx_captioning.config import Config, Info
from lstm_onnx_captioning.examples import Examples, Part, pair_split, picture_split
from lstm_onnx_captioning.scenes import scenes, share_out

_PARTS: tuple[Part, ...] = ("train", "validation", "test")


def load(source: Path | None, config: Config, seed: int) -> TaskData[Info]:
    """Read pictures with captions, or without a source draw scenes, and part them.

    Args:
        source: file of captions; None draws.
        config: where things are, and sizes of the parts.
        seed: decides which pictures go to which part, where neither the data nor `split_seed` does.

    Raises:
        UserError: the data cannot be used; says where, what was found and what to do.
    """
    config = config.model_copy(update={"split_seed": seed if config.split_seed is None else config.split_seed})
    examples = draw(config)
    chosen = part_out(examples, config)
    learnt = [text for i in chosen["train"] for text in examples.captions[i]]
    words = build_words(learnt, config.min_count)
    info = Info(words=words, frequent=most_common(learnt), drawn=source is None)

    def take(pictures: Array) -> dict[str, Array]:
        return {"image": examples.images[pictures]}

    validation, test = (
        picture_split(examples, chosen[name], words, config.max_words, take) for name in ("validation", "test")
    )
    return TaskData(
        train=pair_split(examples, chosen["train"], words, config.max_words, take),
        validation=validation if len(validation) else None,
        test=test,
        info=info,
        summary=_summary(examples, chosen, info),
        config=config,
    )


def draw(config: Config) -> Examples:
    """Draw scenes, of each part by its own kinds of things."""
    random = np.random.default_rng(config.split_seed)
    tested = round(config.test_share * config.scenes)
    validated = round(config.validation_share * (config.scenes - tested))
    counts = (config.scenes - tested - validated, validated, tested)
    made = [
        (part, pixels, caption)
        for part, count, kinds in zip(_PARTS, counts, share_out(random), strict=True)
        for pixels, caption in scenes(count, kinds, config.size, random)
    ]
    images = np.stack([pixels for _, pixels, _ in made])
    return Examples(images, [(caption,) for _, _, caption in made], [part for part, _, _ in made])


def part_out(examples: Examples, config: Config) -> dict[Part, Array]:
    """Return the numbers of the pictures of each part, in the order in which they stand.

    Raises:
        UserError: there are too few to learn from some and test on others.
    """
    parts = np.array(examples.parts or ("train",) * len(examples), dtype=object)
    random = np.random.default_rng(config.split_seed)
    for name, share, needed in (("test", config.test_share, 1), ("validation", config.validation_share, 0)):
        if not (parts == name).any():
            free = np.flatnonzero(parts == "train")
            count = min(max(round(share * len(free)), needed), len(free) - 1)
            parts[random.permutation(free)[: max(count, 0)]] = name
    chosen: dict[Part, Array] = {name: np.flatnonzero(parts == name) for name in _PARTS}
    if not len(chosen["train"]) or not len(chosen["test"]):
        raise UserError("TODO")
    return chosen


def most_common(captions: Iterable[str]) -> str:
    """Return the caption that occurs most often, of those the first by alphabet."""
    counts = Counter(captions)
    return min(counts, key=lambda text: (-counts[text], text))


def _summary(examples: Examples, chosen: dict[Part, Array], info: Info) -> str:
    captions = sum(map(len, examples.captions))
    sizes = ", ".join(f"{len(chosen[p]):,} to {verb}" for p, verb in zip(_PARTS, ("learn from", "validate", "test")))
    return f"{len(examples):,} pictures with {captions:,} captions of {len(info.words):,} words; {sizes}"

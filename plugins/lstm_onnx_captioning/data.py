"""From a source to examples for training, validation and test.

A picture with all its captions is in one part, the one that the data names or that the seed decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.data.parts import PARTS, Part, part_out
from lstm_onnx.errors import UserError
from lstm_onnx.task import Answer, TaskData
from lstm_onnx_captioning.baselines import nearest
from lstm_onnx_captioning.captions import build_words
from lstm_onnx_captioning.examples import Examples, Take, pair_split, picture_split
from lstm_onnx_captioning.extractor import extractor
from lstm_onnx_captioning.features import Features, compute
from lstm_onnx_captioning.options import Config, Info
from lstm_onnx_captioning.pictures import find_folders, locate, read_examples
from lstm_onnx_captioning.reading import read
from lstm_onnx_captioning.scenes import scenes, share_out
from lstm_onnx_captioning.worded import in_words, with_captions


def load(source: Path | None, config: Config, seed: int) -> TaskData[Info]:
    """Read pictures with captions, or without a source draw scenes, and part them.

    Args:
        source: file of captions; None draws.
        config: where things are, and sizes of the parts.
        seed: decides which pictures go to which part, where neither the data nor `split_seed` does.

    Raises:
        UserError: the data cannot be used; says where, what was found and what to do.
    """
    notes: list[str] = []
    config = config.model_copy(update={"split_seed": seed if config.split_seed is None else config.split_seed})
    encoder = None if config.encoder == "compact" else extractor(Path(config.encoder), config.size)
    if encoder is not None and encoder.size != config.size:
        notes.append(f"pictures are made {encoder.size} pixels wide and high, as {config.encoder} takes them")
        config = config.model_copy(update={"size": encoder.size})
    if source is None:
        examples = draw(config)
    else:
        found = read(source, config)
        notes += found.notes
        config, texts = in_words(found.config, found.rows, notes)
        examples = read_examples(with_captions(found.rows, texts, source, notes), source, config, notes)
    chosen = choose_parts(examples, config, source)
    learnt = [text for i in chosen["train"] for text in examples.captions[i]]
    words = build_words(learnt, config.min_count)
    _check_words(words, learnt, examples, chosen["test"], config, notes)
    features = compute(examples.images, encoder) if encoder is not None else None
    info = Info(
        words=words,
        frequent=most_common(learnt),
        drawn=source is None,
        encoder=encoder.digest if encoder is not None else None,
        features=encoder.shape if encoder is not None else None,
    )
    train = pair_split(examples, chosen["train"], words, config.max_words, _to_learn_from(examples, features))
    validation, test = (
        picture_split(examples, chosen[name], words, config.max_words, _to_score(examples, features))
        for name in ("validation", "test")
    )
    if not len(validation) and config.validation_share:
        notes.append("too few pictures for a validation part: training does not know when to stop")
    return TaskData(
        train=train,
        validation=validation if len(validation) else None,
        test=test,
        info=info,
        summary=_summary(examples, chosen, info),
        notes=tuple(notes),
        config=config,
        baselines={"nearest picture": _nearest(examples, train.take, chosen["train"])},
    )


def _nearest(examples: Examples, shown: Take, pictures: Array) -> Answer:
    """Copy captions from training; prepared when it is first asked, as it looks at every picture there."""

    @cache
    def prepared() -> Answer:
        return nearest(shown, pictures, [examples.captions[i][0] for i in pictures])

    return lambda batch: prepared()(batch)


def _to_learn_from(examples: Examples, features: Features | None) -> Take:
    """Give pixels, or features in their place: the encoder does not learn."""
    if features is None:
        return lambda pictures: {"image": examples.images[pictures]}
    return lambda pictures: {"features": features[pictures]}


def _to_score(examples: Examples, features: Features | None) -> Take:
    """Give pixels, which the graph takes, and features, which save the work of the encoder."""
    if features is None:
        return lambda pictures: {"image": examples.images[pictures]}
    return lambda pictures: {"image": examples.images[pictures], "features": features[pictures]}


def draw(config: Config) -> Examples:
    """Draw scenes, of each part by groups of its own."""
    random = np.random.default_rng(config.split_seed)
    tested = round(config.test_share * config.scenes)
    validated = round(config.validation_share * (config.scenes - tested))
    counts = (config.scenes - tested - validated, validated, tested)
    made = [
        (part, pixels, caption)
        for part, count, groups in zip(PARTS, counts, share_out(random), strict=True)
        for pixels, caption in scenes(count, groups, config.size, random)
    ]
    images = np.stack([pixels for _, pixels, _ in made])
    return Examples(images, [(caption,) for _, _, caption in made], [part for part, _, _ in made])


def files_of(source: Path | None, config: Config) -> list[Path]:
    """Name what `load` reads: the captions, the pictures that they name, and the encoder's file."""
    files = [] if config.encoder == "compact" else [Path(config.encoder)]
    if source is None:
        return files
    rows = read(source, config).rows
    folders = find_folders(rows, source, config, [])
    pictures = dict.fromkeys(locate(row.name, folders) for row in rows)
    return [*files, source, *(p for p in pictures if p.is_file())]


def choose_parts(examples: Examples, config: Config, source: Path | None) -> dict[Part, Array]:
    """Return the numbers of the pictures of each part, in the order in which they stand.

    Raises:
        UserError: there are none to learn from, or too few to test on some.
    """
    random = np.random.default_rng(config.split_seed)

    def cut_off(free: Array, part: Part) -> Array:
        share, least = (config.test_share, 1) if part == "test" else (config.validation_share, 0)
        count = min(max(round(share * len(free)), least), len(free) - 1)  # one stays, to learn from
        return random.permutation(free)[: max(count, 0)]

    chosen = part_out(examples.parts, len(examples), cut_off)
    if not len(chosen["train"]):
        raise UserError(f"{source}: no picture is to learn from; mark some as train")
    if not len(chosen["test"]):
        raise UserError(f"{source}: one picture cannot be learnt from and tested on, too; add pictures")
    return chosen


def most_common(captions: Iterable[str]) -> str:
    """Return the caption that occurs most often, of those the first by alphabet."""
    counts = Counter(captions)
    return min(counts, key=lambda text: (-counts[text], text))


def _check_words(
    words: Sequence[str], learnt: Sequence[str], examples: Examples, test: Array, config: Config, notes: list[str]
) -> None:
    """Refuse to learn no word; note what is cut off, and how much of what is tested cannot be said."""
    if not words:
        raise UserError(
            f"no word occurs {config.min_count} times in the captions to learn from; lower --min-count, or add captions"
        )
    long = sum(text.count(" ") >= config.max_words for text in learnt)
    if long:
        notes.append(f"captions to learn from that are cut after {config.max_words} words (--max-words): {long:,}")
    known = set(words)
    tested = [word for i in test for text in examples.captions[i] for word in text.split()]
    share = sum(word in known for word in tested) / len(tested)
    if share < 1:
        notes.append(f"known are {share:.1%} of the words in test captions, those that --min-count lets in")


def _summary(examples: Examples, chosen: dict[Part, Array], info: Info) -> str:
    what = "drawn scenes" if info.drawn else "pictures"
    captions = sum(map(len, examples.captions))
    parts = zip(("to learn from", "to validate", "to test"), PARTS, strict=True)
    sizes = ", ".join(f"{len(chosen[part]):,} {use}" for use, part in parts)
    memory = f"{examples.images.nbytes / 1e6:,.1f} MB of pixels"
    return f"{len(examples):,} {what} with {captions:,} captions of {len(info.words):,} words; {sizes}; {memory}"

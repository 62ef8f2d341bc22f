"""From a source to examples for training, validation and test.

A picture with all its captions is in one part, the one that the data names or that the seed decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_onnx.column_reading import ColumnReading
from lstm_onnx.contract import Array
from lstm_onnx.data.parts import PARTS, Part, part_out
from lstm_onnx.data.picture_files import locate
from lstm_onnx.data.stored_rows import StoredRows
from lstm_onnx.errors import UserError
from lstm_onnx.plugin import Examples, Image, Inside, Learnt, OutputFeature, Sentence
from lstm_onnx_captioning.captions import build_words
from lstm_onnx_captioning.examples import Pictures
from lstm_onnx_captioning.options import ATTENTION, CAPTION, PICTURE, Config, grid
from lstm_onnx_captioning.pictures import find_folders, read_pixels
from lstm_onnx_captioning.reading import read as read_captions
from lstm_onnx_captioning.scenes import scenes, share_out
from lstm_onnx_captioning.worded import in_words, with_captions

if TYPE_CHECKING:
    from lstm_onnx.features.frozen_encoder import FrozenEncoder


def read(source: Path | None, config: Config) -> Examples:
    """Read pictures with captions, or without a source draw scenes, and part them.

    Args:
        source: file of captions; None draws.
        config: where things are, and sizes of the parts; `split_seed` is set.

    Raises:
        UserError: the data cannot be used; says where, what was found and what to do.
    """
    notes: list[str] = []
    frozen = _frozen(config)
    if frozen is not None and frozen.size != config.size:
        notes.append(f"pictures are made {frozen.size} pixels wide and high, as {config.encoder} takes them")
        config = config.model_copy(update={"size": frozen.size})
    config, found, understood = (config, draw(config), ()) if source is None else read_pictures(source, config, notes)
    chosen = choose_parts(found, config, source)
    learnt = [text for i in chosen["train"] for text in found.captions[i]]
    words = build_words(learnt, config.min_count)
    _check_words(words, learnt, found, chosen["test"], config, notes)
    if not len(chosen["validation"]) and config.validation_share:
        notes.append("too few pictures for a validation part: training does not know when to stop")
    part: list[Part] = ["train"] * len(found)
    for name in PARTS:
        for i in chosen[name]:
            part[int(i)] = name
    return Examples(
        columns=_columns(found),
        part=part,
        notes=tuple(notes),
        inputs=[picture_feature(config)],
        outputs=answers(config, words, frozen.shape if frozen is not None else None),
        options=config.model_copy(update={"store": None}),  # of this machine
        what="pictures",
        told=_summary(found, words, source),
        cut="by picture",
        understood=understood,
    )


def read_scored(source: Path, config: Config, learnt: Learnt) -> Examples:
    """Read all pictures of other data with their captions, whatever part they are said to belong to.

    Raises:
        UserError: the captions or a picture cannot be read, or the model knows no word of them.
    """
    notes: list[str] = []
    config, found, understood = read_pictures(source, config, notes)
    sentence = learnt[CAPTION]
    assert isinstance(sentence, Sentence)
    known = set(sentence.words or ())
    said = [word for captions in found.captions for text in captions for word in text.split()]
    share = sum(word in known for word in said) / max(1, len(said))
    if not share:
        raise UserError(f"{source}: no word of its captions is known to the model; is it of another language?")
    if share < 1:
        notes.append(f"known are {share:.1%} of the words in these captions: others were never learnt")
    return Examples(columns=_columns(found), notes=tuple(notes), options=config, what="pictures", understood=understood)


def _frozen(config: Config) -> FrozenEncoder | None:
    if config.encoder == "compact":
        return None
    from lstm_onnx.features.frozen_encoder import WANTED, opened

    path = Path(config.encoder)
    if not path.is_file():
        raise UserError(f"--encoder {path}: no such file; give 'compact', or an .onnx file with {WANTED}")
    return opened(path, config.size)


def _columns(found: Pictures) -> dict[str, Sequence[Any]]:
    images = found.images if isinstance(found.images, StoredRows) else list(found.images)
    return {PICTURE: images, CAPTION: list(found.captions)}


def picture_feature(config: Config) -> Image:
    """Describe what goes in."""
    encoder = None if config.encoder == "compact" else config.encoder
    return Image(name=PICTURE, pixels=config.size, square=config.fit, frozen=encoder)


def answers(config: Config, words: tuple[str, ...], frozen: tuple[int, int, int] | None) -> list[OutputFeature]:
    """Describe what comes out: the caption, and where the model looked for each word, if it attends."""
    caption = Sentence(
        name=CAPTION,
        meaning="what is to be seen, words in lower case",
        longest=config.max_words,
        least=config.min_count,
        scored=True,
        alone=True,
        words=words,
    )
    if config.decoder != "attend":
        return [caption]
    rows, columns = grid(config, frozen)
    attention = Inside(
        name=ATTENTION,
        meaning="how much of each part of the picture was looked at for each word, 1 in all; 0 after the end",
        dims=("word", "row", "column"),
        sizes={"row": rows, "column": columns},
        meanings={
            "row": "parts of the square picture, from the top",
            "column": "parts of the square picture, from the left",
        },
    )
    return [caption, attention]


def read_pictures(source: Path, config: Config, notes: list[str]) -> tuple[Config, Pictures, tuple[ColumnReading, ...]]:
    """Read pictures with their captions; returns the options with what was found, too, and how columns are read."""
    raw = read_captions(source, config)
    notes += raw.notes
    config, texts = in_words(raw.config, raw.rows, notes)
    return config, read_pixels(with_captions(raw.rows, texts, source, notes), source, config, notes), raw.understood


def draw(config: Config) -> Pictures:
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
    return Pictures(images, [(caption,) for _, _, caption in made], [part for part, _, _ in made])


def files_of(source: Path | None, config: Config) -> list[Path]:
    """Name what `read` reads: the captions, the pictures that they name, and the encoder's file."""
    files = [] if config.encoder == "compact" else [Path(config.encoder)]
    if source is None:
        return files
    rows = read_captions(source, config).rows
    folders = find_folders(rows, source, config, [])
    pictures = dict.fromkeys(locate(row.name, folders) for row in rows)
    return [*files, source, *(p for p in pictures if p.is_file())]


def choose_parts(examples: Pictures, config: Config, source: Path | None) -> dict[Part, Array]:
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


def _check_words(
    words: Sequence[str], learnt: Sequence[str], examples: Pictures, test: Array, config: Config, notes: list[str]
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


def _summary(examples: Pictures, words: Sequence[str], source: Path | None) -> str:
    what = "drawn scenes" if source is None else "pictures"
    captions = sum(map(len, examples.captions))
    memory = f"{len(examples) * examples.images[0].nbytes / 1e6:,.1f} MB of pixels"
    return f"{len(examples):,} {what} with {captions:,} captions of {len(words):,} words, {memory}"

"""Texts, as the numbers of their words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Sized
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from lstm_onnx.contract import Array, Axis, TensorSpec, TextSource
from lstm_onnx.data.stored_rows import StoredRows
from lstm_onnx.errors import UserError
from lstm_onnx.features import letters, pieces, words
from lstm_onnx.features.feature import InputFeature, spread_out
from lstm_onnx.features.stages import renamed
from lstm_onnx.features.words import FIRST, PADDING, UNKNOWN, Units, Words
from lstm_onnx.task import Stage

if TYPE_CHECKING:
    from torch import nn

_KEPT_WORDS = 60
"""Words of a text that are kept for samples."""
_BYTES_OF_A_WORD = 6


class Text(InputFeature):
    """A text, cut into words that are looked up among those of the training part.

    `forward` gets `NAME` (batch, word), int64: the number of each word, 1 for one that is not known, then 0; `size` is
    how many numbers there are. How many words there are comes as `lengths` or, where the model takes several sequences,
    as `NAME_lengths`. Strings are cut at white space; bytes, which run everywhere, where no letter or digit stands.
    With `characters` each character of the bytes counts as a word; with `exact` too, white space and capitals do. With
    `pieces` bytes are cut into pieces, 256 of which are the single bytes, so that nothing is unknown.

    With `letters` `forward` also gets `NAME_letters` (batch, word, letters), int64: the numbers of the first letters of
    each word, as they stand in the string, 1 for one that is not known, then 0; `alphabet` is how many numbers there
    are. `lstm_onnx.nn.letters` makes a vector of them.
    """

    kind: Literal["text"] = "text"
    meaning: str = "the text"
    column: str | None = Field(None, description="column of a person's table, where it is not called as the feature")
    as_bytes: bool = Field(False, description="whether the graph takes UTF-8 bytes instead of strings")
    characters: bool = Field(False, description="whether bytes are cut into characters, not into words")
    exact: bool = Field(False, description="whether white space and capitals count among the characters")
    pieces: bool = Field(False, description="whether bytes are cut into pieces, found in training")
    may_be_empty: bool = Field(False, description="whether an empty text is one like any other, and nothing is said")
    vocabulary: int = Field(20_000, ge=1, description="words to know, the most frequent ones")
    least: int = Field(2, ge=1, description="how often a word must occur in training to be known")
    longest: int | None = Field(
        None, ge=1, description="words of a text that are read in training; longer ones are cut"
    )
    letters: int = Field(
        0, ge=0, le=100, description="letters of each word that `forward` gets, too; 0 for none; of strings alone"
    )
    alone: bool = Field(True, description="whether it is the only sequence of the model: set by the task")
    words: Words | None = None
    usual: int | None = Field(None, description="median number of words in training")
    kept: tuple[str, ...] = ()

    @property
    def lengths(self) -> str:
        """Name of the tensor that says how many words there are."""
        return self._own("lengths")

    @property
    def steps(self) -> str:
        """The axis of its words."""
        return self._own("word")

    @property
    def size(self) -> int:
        """How many numbers of words there are, with those of padding and of the unknown."""
        return len(self._words.known) + FIRST

    @property
    def alphabet(self) -> int:
        """How many numbers of letters there are, with those of no letter and of the unknown."""
        return len(self._words.alphabet) + FIRST

    @property
    def known(self) -> tuple[str, ...]:
        """The known words, by number from 2 on."""
        return self._words.known

    @property
    def blocks(self) -> tuple[int, ...]:
        """Blocks of characters of which training had some; () where texts are not cut into pieces."""
        return self._words.blocks

    @property
    def source_column(self) -> str:
        """The column of a person's table."""
        return self.column or self.name

    @property
    def _words(self) -> Words:
        assert self.words is not None, "not fitted"
        return self.words

    @property
    def tokens(self) -> str:
        """Name of the numbers of its words."""
        return self._own("tokens")

    @property
    def _letters(self) -> str:
        return self._own("letters")

    @property
    def _byte_count(self) -> str:
        return self._own("byte_count")

    @property
    def _byte(self) -> str:
        return self._own("byte")

    def _own(self, name: str) -> str:
        return name if self.alone else f"{self.name}_{name}"

    @model_validator(mode="after")
    def _of_bytes(self) -> Self:
        if self.characters and not self.as_bytes:
            raise ValueError("characters are cut out of bytes: give as_bytes=True, too")
        if self.pieces and (self.characters or not self.as_bytes):
            raise ValueError("pieces are cut out of bytes, and are no characters: give as_bytes=True and no characters")
        if self.exact and not self.characters:
            raise ValueError("what counts exactly are characters: give characters=True, too")
        if self.letters and self.as_bytes:
            raise ValueError("letters are those of words of strings: give letters=0, or leave out as_bytes")
        return self

    def named(self, alone: bool) -> Self:
        """Return a copy with short names, or with its own."""
        return self.model_copy(update={"alone": alone})

    def fit(self, column: Sequence[Any]) -> Self:
        """Learn the most frequent words."""
        texts = self._texts(column)
        spellings: dict[str, int] = {}
        if self.pieces:
            known = pieces.known_pieces(texts, self.vocabulary, self.least)
        elif self.characters:
            learn = words.known_exactly if self.exact else words.known_characters
            known = learn(texts, self.vocabulary, self.least)
        elif self.as_bytes:
            known = words.known_byte_words(texts, self.vocabulary, self.least)
        else:
            known, spellings = words.known_words(texts, self.vocabulary, self.least)
        if not known:
            what = "character" if self.characters else "word"
            raise UserError(
                f"read: no {what} of '{self.name}' occurs {self.least} times in the training part, so nothing of the "
                f"others would be known; give more texts, ask for fewer (`least`, --min-count), or take characters"
            )
        cut = self._cutter(known)
        counts = np.fromiter((len(cut(text)) for text in texts), np.int64, len(texts))
        seen = pieces.blocks(texts) if self.pieces else ()
        found = self._as_words(known, spellings, seen)
        if self.letters:
            found = found.model_copy(update={"letters": self.letters, "alphabet": letters.known_letters(texts)})
        return self.model_copy(
            update={
                "words": found,
                "usual": max(1, int(np.median(counts))),
                "kept": tuple(" ".join(words.chunks(texts[i])[:_KEPT_WORDS]) for i in spread_out(len(texts))),
            }
        )

    def _cutter(self, known: Sequence[str]) -> Callable[[str], Sized]:
        if self.pieces:
            numbers = pieces.numbered(known)
            return lambda text: pieces.cut(text.encode(), numbers)
        if self.exact:
            return lambda text: text
        return (lambda text: "".join(words.chunks(text))) if self.characters else words.chunks

    def to_score(self) -> Self:
        """Leave out the samples and the words: the graph knows these by itself."""
        return self.model_copy(update={"kept": (), "words": self._as_words((), {})})

    def _as_words(self, known: tuple[str, ...], spellings: dict[str, int], blocks: tuple[int, ...] = ()) -> Words:
        return Words(column=self.source_column, known=known, units=self._units, spellings=spellings, blocks=blocks)

    @property
    def _units(self) -> Units:
        if self.pieces:
            return "pieces"
        return "exact" if self.exact else "characters" if self.characters else "words"

    def _texts(self, column: Sequence[Any]) -> Sequence[str]:
        for number, text in enumerate(column, start=1):
            if not isinstance(text, str):
                raise UserError(
                    f"read: example {number} of '{self.name}' is a {type(text).__name__}, and must be a str"
                )
        return column if isinstance(column, StoredRows) else list(map(str, column))

    def prepare(self, column: Sequence[Any]) -> list[Any]:
        """Turn each row into the text and the numbers of its words."""
        texts = self._texts(column)
        if not self._words.known:  # of a file, which looks words up by itself
            return [(text, words.WORDLESS) for text in texts]
        if self.pieces:
            by_bytes = pieces.numbered(self.known)
            return [(text, pieces.cut(text.encode(), by_bytes)) for text in texts]
        if not self.as_bytes:
            table = words.spelling_table(self._words.known, self._words.spellings)
            if not self.letters:
                return [(text, words.numbers(text, table)) for text in texts]
            signs = letters.numbered(self._words.alphabet)
            return [
                (text, words.numbers(text, table), letters.letter_numbers(words.chunks(text), signs, self.letters))
                for text in texts
            ]
        buckets = words.bucket_table(self._words.known, self._units)
        found: list[Any] = []
        for i in range(0, len(texts), 64):
            tokens, lengths = words.look_up_bytes(*words.to_bytes(texts[i : i + 64]), buckets, self._units)
            numbers = [row[:n].copy() for row, n in zip(tokens, lengths, strict=True)]
            found += zip(texts[i : i + 64], numbers, strict=True)
        return found

    def length(self, row: Any) -> int:
        """Return the words of a prepared row."""
        return len(row[1])

    def to_learn(self, row: Any) -> Any:
        """Return the whole text, and the numbers of its first words, and of their letters."""
        return row[0], *(numbers[: self.longest] for numbers in row[1:])

    def collate(self, rows: Sequence[Any]) -> dict[str, Array]:
        """Make arrays of the texts, strings or bytes, and of the numbers of their words."""
        tokens, lengths = words.pad([row[1] for row in rows])
        made = {self.tokens: tokens, self.lengths: lengths} if self._words.known else {}
        if made and self.letters:
            made[self._letters] = letters.pad_words([row[2] for row in rows], tokens.shape[1], self.letters)
        texts = [row[0] for row in rows]
        if not self.as_bytes:
            return {self.name: np.array(texts, dtype=object), **made}
        padded, count = words.to_bytes(texts)
        return {self.name: padded, self._byte_count: count, **made}

    def stage(self) -> Stage:
        """Return the look-up of words."""
        from lstm_onnx.features.word_graphs import byte_stage, string_stage

        names = {"text": self.name, "bytes": self.name, "byte_count": self._byte_count}
        names |= {"tokens": self.tokens, "letters": self._letters, "lengths": self.lengths}
        typical = self.usual or 1
        if self.pieces:
            from lstm_onnx.features.piece_graphs import piece_stage

            found = piece_stage(self.known, self.source_column, typical)
        elif self.letters:
            from lstm_onnx.features.letter_graphs import lettered_stage

            found = lettered_stage(self._words, typical)
        else:
            found = byte_stage(self._words, typical) if self.as_bytes else string_stage(self._words, typical)
        return renamed(found, names, {"word": self.steps, "byte": self._byte, "letter": self._own("letter")})

    def tensors(self) -> tuple[TensorSpec, ...]:
        """Describe the strings, or the bytes and how many there are."""
        first, *others = self.stage().inputs
        source = TextSource(column=self.source_column, may_be_empty=self.may_be_empty or None)
        meaning = self.meaning + ", in UTF-8" * self.as_bytes
        return (first.model_copy(update={"meaning": meaning, "source": source}), *others)

    def inner(self) -> tuple[TensorSpec, ...]:
        """Describe the numbers of the words, and perhaps of their letters, and how many there are."""
        return self.stage().outputs

    def axes(self) -> dict[str, Axis]:
        """Describe the axis of bytes."""
        if not self.as_bytes:
            return {}
        single = self.exact or (self.pieces and len(self.known) == pieces.BYTES)
        usual = (1 if single else _BYTES_OF_A_WORD) * (self.usual or 1)
        return {self._byte: Axis(example_size=usual, meaning="bytes of a text, the rest padding")}

    def step_axis(self) -> Axis:
        """Describe the axis of words."""
        return Axis(example_size=self.usual, meaning="words of a text, the rest padding")

    def encoder(self) -> nn.Module:
        """Return what hands the numbers on under the name of the feature."""
        from lstm_onnx.features.coding import Renamed

        return Renamed({self.tokens: self.name, self._letters: f"{self.name}_letters"})

    def sample(self, sizes: Mapping[str, int], random: np.random.Generator) -> dict[str, Array]:
        """Write texts with words of the training part, some of them changed to unknown ones, the first the longest."""
        batch, most = sizes["batch"], sizes.get(self.steps, self.usual or 1)
        counts = random.integers(0, most + 1, size=batch)
        counts[:1] = most
        texts = []
        for count in counts:
            source = words.chunks(self.kept[int(random.integers(len(self.kept)))]) or ["word"]
            begin = int(random.integers(len(source)))
            picked = [source[(begin + k) % len(source)] for k in range(int(count))]
            texts.append(" ".join("été" * 3 if random.random() < 0.1 else word for word in picked))
        made = self.collate(self.prepare(texts))
        tokens = np.full((batch, most), PADDING, dtype=np.int64)
        found = made[self.tokens][:, :most]
        tokens[:, : found.shape[1]] = found
        lengths = np.minimum(made[self.lengths], most)
        short = np.arange(most) < lengths[:, None]
        made |= {self.tokens: np.where(short, np.maximum(tokens, UNKNOWN), PADDING), self.lengths: lengths}
        if self.letters:
            made[self._letters] = letters.pad_words(list(made[self._letters]), most, self.letters)
        size = sizes.get(self._byte)
        if self.as_bytes and size is not None:
            made |= self._bytes(texts, size)
        return made

    def _bytes(self, texts: Sequence[str], size: int) -> dict[str, Array]:
        """Return texts as bytes, cut or repeated so that the first fills `size`."""
        long = [texts[0] and (texts[0] + " ") * (size // len(texts[0]) + 1), *texts[1:]]
        cut = [text.encode()[:size].decode(errors="ignore") for text in long]
        padded, count = words.to_bytes(cut)
        full = np.zeros((len(texts), size), dtype=np.uint8)
        full[:, : padded.shape[1]] = padded[:, :size]
        return {self.name: full, self._byte_count: np.minimum(count, size)}

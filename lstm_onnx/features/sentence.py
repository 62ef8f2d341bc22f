"""A sentence that a model says: words, or characters, one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import Field

from lstm_onnx.contract import Array, Axis, TensorSpec
from lstm_onnx.errors import UserError
from lstm_onnx.features.feature import InputFeature, OutputFeature, found_along
from lstm_onnx.features.metrics import Metric, cer, exact, wer
from lstm_onnx.features.pieces import BYTES
from lstm_onnx.features.sentence_graph import END, SPECIAL, UNKNOWN, sentence_stage
from lstm_onnx.features.stored import most_frequent, some_at_once
from lstm_onnx.features.text import Text
from lstm_onnx.features.utf8_graph import utf8_stage
from lstm_onnx.task import Arrays, Stage

if TYPE_CHECKING:
    from torch import Tensor, nn


class Sentence(OutputFeature):
    """Words in a row, which the graph puts together to one string.

    A row of its column is a text, or several that are all right, each of which is learnt from. Words are what white
    space parts; with `characters` every character counts. The words of the training part have numbers from 3 on; 0 ends
    a sentence, 1 starts it, 2 is any other word.

    `forward` answers with `NAME`: scores (batch, word, width) of what stands at each place, all places at once; or,
    where words are found one after the other, the numbers that it chose (batch, longest) or what
    `lstm_onnx.nn.beam_search` gave. For these `forward` has a parameter `NAME`, None where it shall answer; in training
    it gets the right numbers (batch, word), which end with 0, and gives the scores of each, so that every word is
    learnt after the right ones before it. The loss is the cross-entropy of a word, the end among them.

    A sentence that `continues` a text has that text's words, whose numbers are those of the text and one more; no
    column says what is right, and the module brings the loss. `lstm_onnx.nn.sampling` draws one.
    """

    kind: Literal["sentence"] = "sentence"
    meaning: str = "a sentence"
    longest: int = Field(20, ge=1, description="words of an answer at most; longer ones are cut in training")
    least: int = Field(1, ge=1, description="how often a word must occur in training to be said")
    characters: bool = Field(False, description="whether characters are put together, not words")
    pieces: bool = Field(False, description="whether pieces of bytes are put together: those of the text it continues")
    continues: str | None = Field(
        None, description="text whose words it takes and goes on with: then no column says what is right"
    )
    scored: bool = Field(False, description="whether its log-probability is answered: `forward` gives a beam search")
    alone: bool = Field(False, description="whether its numbers have the short names `tokens`, `lengths` and `score`")
    words: tuple[str, ...] | None = Field(None, description="known words by number, from 3 on; found in training")
    blocks: tuple[int, ...] = Field((), description="blocks of 256 characters that single bytes may make")
    frequent: str = Field("", description="the most frequent sentence in training")

    @property
    def width(self) -> int:
        """How many scores `forward` answers with at each place: the words, and three that are none."""
        return len(self._vocabulary)

    @property
    def _vocabulary(self) -> tuple[str, ...]:
        assert self.words is not None, "not fitted"
        return (*SPECIAL, *self.words)

    @property
    def points(self) -> tuple[int, ...]:
        """By what a caller names each: a character by its code point, a byte itself, a word its number; -2 for none."""
        words = self.words or ()
        if not self.characters and not self.pieces:
            return (-2,) * len(SPECIAL) + tuple(range(len(SPECIAL), len(SPECIAL) + len(words)))
        single = range(BYTES) if self.pieces else range(0)
        return (*(-2,) * len(SPECIAL), *single, *(ord(w) if len(w) == 1 else -2 for w in words[len(single) :]))

    @property
    def prefix(self) -> str:
        """What the names of its numbers begin with."""
        return "" if self.alone else f"{self.name}_"

    @property
    def tokens(self) -> str:
        """Name of the numbers of its words."""
        return f"{self.prefix}tokens"

    @property
    def taught(self) -> str | None:
        """The right numbers, which `forward` may see in training."""
        return self.tokens if self.is_supervised else None

    @property
    def counts(self) -> str:
        """Name of how many words there are; of what is right, the end is among them."""
        return f"{self.prefix}lengths"

    @property
    def score(self) -> str:
        """Name of its log-probability."""
        return f"{self.prefix}score"

    @property
    def log_probabilities(self) -> str:
        """Name of the log-probabilities of its words."""
        return f"{self.prefix}log_probabilities"

    @property
    def _axis(self) -> str:
        return f"{self.prefix}word"

    @property
    def _between(self) -> str:
        return "" if self.characters or self.pieces else " "

    def _pieces(self, text: str) -> list[str]:
        return list(text) if self.characters else text.split()

    @property
    def is_supervised(self) -> bool:
        """Whether the data says what is right."""
        return self.continues is None

    def bound(self, inputs: Sequence[InputFeature]) -> Self:
        """Hold it to the text that it goes on with."""
        if self.continues is not None:
            text = found_along("outputs", self, self.continues, _texts_of(inputs), "which is no text that goes in")
            if (text.exact, text.pieces) != (self.characters, self.pieces):
                raise UserError(f"outputs: '{self.name}' goes on with '{text.name}', so both must be of words, of "
                                "characters as they stand (exact), or of pieces")  # fmt: skip
        elif self.pieces:
            raise UserError(f"outputs: '{self.name}' is of pieces, which it can only have of a text that it continues")
        return self

    def sized(self, inputs: Sequence[InputFeature]) -> Self:
        """Return a copy with the words of the text that it goes on with; there they have the numbers less 1."""
        found = _texts_of(inputs).get(self.continues or "")
        if found is None:
            return self
        return self.model_copy(update={"words": found.known, "blocks": found.blocks})

    def _texts(self, column: Sequence[Any]) -> list[tuple[str, ...]]:
        found = []
        for number, row in enumerate(column, start=1):
            texts = (row,) if isinstance(row, str) else row
            if not isinstance(texts, list | tuple) or not texts or not all(isinstance(text, str) for text in texts):
                raise UserError(
                    f"read: example {number} of '{self.name}' is {row!r:.60}, and must be a str, or a list of them"
                )
            found.append(tuple(self._between.join(self._pieces(text)) for text in texts))
        return found

    def fit(self, column: Sequence[Any]) -> Self:
        """Learn the words, the most frequent first, and the most frequent sentence."""

        def texts() -> Iterator[str]:
            return (text for some in some_at_once(column) for row in self._texts(some) for text in row)

        counts = Counter(piece for text in texts() for piece in self._pieces(text))
        words = tuple(sorted((w for w, n in counts.items() if n >= self.least), key=lambda w: (-counts[w], w)))
        if not words:
            what = "character" if self.characters else "word"
            raise UserError(
                f"read: no {what} of '{self.name}' occurs {self.least} times in the training part; give more texts, or "
                f"lower `least`"
            )
        frequent = most_frequent(texts)
        return self.model_copy(update={"words": self.words or words, "frequent": frequent})

    def answers(self) -> tuple[TensorSpec, ...]:
        """Describe the string, its words by number, and their log-probabilities."""
        first = TensorSpec(name=self.name, dtype="string", dims=("batch",), meaning=self.meaning)
        lengths = TensorSpec(
            name=self.counts, dtype="int64", dims=("batch",), meaning="how many words were said", internal=True
        )
        if not self.scored:
            return (first, self._numbers(), lengths)
        score = TensorSpec(
            name=self.score,
            dtype="float32",
            dims=("batch",),
            meaning="log-probability of the sentence, its end included",
        )
        each = TensorSpec(
            name=self.log_probabilities,
            dtype="float32",
            dims=("batch", self._axis),
            meaning="of each word, and of the end where there is room for it; 0 after it",
            internal=True,
        )
        return (first, self._numbers(), lengths, score, each)

    def _numbers(self) -> TensorSpec:
        return TensorSpec(
            name=self.tokens,
            dtype="int64",
            dims=("batch", self._axis),
            meaning="words by number; 0 ends a sentence and fills what follows",
            labels=self._vocabulary,
            internal=True,
        )

    def axes(self) -> dict[str, Axis]:
        """Describe the words of an answer."""
        return {self._axis: Axis(size=self.longest, meaning="words of an answer, in order")}

    def after(self) -> Stage:
        """Return what makes a string of numbers."""
        numbers = self._numbers().model_copy(update={"internal": False})  # what a file without strings answers
        if self.pieces:
            assert self.words is not None, "not fitted"
            return utf8_stage(numbers, self.longest, self.answers()[0], self.words, self.blocks)
        return sentence_stage(numbers, self.longest, self.answers()[0], self._between)

    def decoder(self) -> nn.Module:
        """Return what makes numbers, and how many count, of what `forward` answers."""
        from lstm_onnx.features.saying import Said

        return Said(self.name, self.prefix, self.longest, self.scored)

    def each(self, row: Any) -> Sequence[Any]:
        """Return the texts of a row: each is learnt from."""
        return [row] if isinstance(row, str) else list(row)

    def prepare_truth(self, column: Sequence[Any]) -> list[Any]:
        """Turn each row into the numbers of its first text, which end with 0, and all its texts."""
        places = {word: i for i, word in enumerate(self._vocabulary)}
        found = []
        for texts in self._texts(column):
            numbers = [places.get(piece, UNKNOWN) for piece in self._pieces(texts[0])[: self.longest]]
            found.append((np.array([*numbers, END], dtype=np.int64), "\n".join(texts)))
        return found

    def steps_of(self, row: Any) -> int:
        """Return the numbers of a prepared row, the end among them."""
        return len(row[0])

    def collate_truth(self, rows: Sequence[Any]) -> dict[str, Array]:
        """Pad the numbers with 0, and put the texts of an example a line each."""
        lengths = np.array([len(numbers) for numbers, _ in rows], dtype=np.int64)
        padded = np.full((len(rows), int(lengths.max(initial=1))), END, dtype=np.int64)
        for place, (numbers, _) in zip(padded, rows, strict=True):
            place[: len(numbers)] = numbers
        return {
            self.tokens: padded,
            self.counts: lengths,
            self.name: np.array([texts for _, texts in rows], dtype=object),
        }

    def truth(self, batch: Mapping[str, Array]) -> dict[str, Array]:
        """Return the right texts of each example, with a bar between them."""
        joined = [" | ".join(str(texts).split("\n")) for texts in batch[self.name]]
        return {self.name: np.array(joined, dtype=object)}

    def loss(self, answer: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the cross-entropy of a word, up to the end of each sentence."""
        from lstm_onnx.features.saying import word_loss

        if not self.is_supervised:
            raise UserError(f"module: needs a method loss(answers, batch), as '{self.name}' has no loss of its own")
        return word_loss(self.name, answer, batch[self.tokens], batch[self.counts])

    def metrics(self, prefix: str) -> tuple[Metric, ...]:
        """Return the share of right sentences, and the errors of words and of characters."""
        if not self.is_supervised:
            return ()
        rates = (cer, wer) if self.characters else (wer, cer)
        found = (exact(self.name, f"{prefix}exact"), *(r(self.name, f"{prefix}{r.__name__}") for r in rates))
        return tuple(replace(metric, add=self._spelt(metric.add)) for metric in found)

    def _spelt(self, add: Callable[[Arrays, Arrays], tuple[Any, Any]]) -> Callable[[Arrays, Arrays], tuple[Any, Any]]:
        """Put the words together first, where a file gives only their numbers."""

        def spelt(answers: Arrays, batch: Arrays) -> tuple[Any, Any]:
            whole = answers if self.name in answers else {**answers, **self.after().reference(answers)}
            return add(whole, batch)

        return spelt

    def naive(self, batch: Mapping[str, Array]) -> dict[str, Array]:
        """Answer with the most frequent sentence, if the data says what is right."""
        if not self.is_supervised:
            return {}
        return {self.name: np.full(len(batch[self.name]), self.frequent, dtype=object)}


def _texts_of(inputs: Sequence[InputFeature]) -> dict[str, Text]:
    return {f.name: f for f in inputs if isinstance(f, Text)}

"""What a person can choose about a classifier."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from lstm_onnx.data.searched import Searched
from lstm_onnx.data.table_options import Columns, TableOptions
from lstm_onnx.features.category import Decision
from lstm_onnx.features.picture_options import PictureOptions

POOLINGS = ("last", "mean", "max", "attention")


class Config(PictureOptions, TableOptions):
    """Options of `lstm-onnx train --plugin classification`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # the data
    label: str | None = Field(None, description="column that holds the class; found if it is called label or class")
    several: str | None = Field(
        None,
        min_length=1,
        description="an example may have several classes or none, in one cell parted by this sign, such as ; or json "
        "for lists as JSON",
    )
    flags: tuple[str, ...] = Field(
        (), description="columns of 0 and 1, one for each class, of which an example may have several or none"
    )
    text: Columns = Field(
        (), description="column of texts; a table with it is classified as text; several, beside whatever else goes in"
    )
    category: tuple[str, ...] = Field(
        (), description="columns of categories that go in, one for each example, beside whatever else"
    )
    number: tuple[str, ...] = Field(
        (), description="columns of numbers that go in, one for each example, beside whatever else"
    )
    ignore: tuple[str, ...] = Field((), description="columns to leave out")
    sequence: Columns = Field(
        (),
        description="column that tells sequences apart, or those that do together, in a table with a row for each step",
    )
    time: str | None = Field(None, description="column that orders the steps of a sequence; as they stand without it")
    windows: str | None = Field(
        None,
        description="cut recordings, a row for each step, into windows of so many rows (100) or so long (4s): each "
        "is an example, with the label of most of its rows",
    )
    hop: str | None = Field(None, description="how far windows lie apart, in rows or time; half a window if not given")
    channels: tuple[str, ...] = Field((), description="columns of numbers to learn from; all without another role")
    blocks: tuple[str, ...] = Field(
        (),
        description="channels of a table with a row for each sequence: ax ay, where ax_0, ax_1, … are the steps of ax; "
        "found where all are numbered alike",
    )
    group: str | None = Field(
        None, description="column of patients, machines, …: one group is never on both sides of a split"
    )
    split: str | None = Field(None, description="column that says train, validation or test")
    classes: tuple[str, ...] = Field((), description="all classes, in their order; as found in the data if not given")
    test_file: str | None = Field(
        None, description="file of test examples; X_TEST beside X_TRAIN and a folder 'test' are found"
    )
    test_share: float = Field(0.2, gt=0, lt=1, description="share of examples kept for the test, if none are given")
    validation_share: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="share of the others that decides when to stop; 0 for none, the default of a few thousand "
        "sequences and of very few texts; else 0.15",
    )
    on_missing: Literal["stop", "skip"] = Field(
        "stop", description="a row without a label or a text: stop, or leave it out and say so"
    )
    on_unseen: Literal["stop", "skip"] = Field(
        "stop", description="a test example of a class that training never shows: stop, or leave it out and say so"
    )
    encoding: str = Field("utf-8", description="encoding of text files, such as latin-1")
    # what the model sees
    scaling: Annotated[
        Literal["global", "sequence", "both", "none"] | None, Searched(choices=("global", "sequence"))
    ] = Field(
        None,
        description="subtract mean and divide by spread of each channel: of all data (global), of each sequence, or "
        "both, of which the second is for random convolutions alone: their default where sequences of one channel "
        "differ in length; else global",
    )
    text_input: Literal["string", "bytes"] = Field(
        "string",
        description="what the exported graph takes: strings (ONNX Runtime only), or UTF-8 bytes, which run everywhere",
    )
    cut: Literal["words", "characters"] | None = Field(
        None,
        description="what texts are cut into: words, or characters (then the graph takes bytes); if not given, "
        "characters where the script has no spaces between words, as in Chinese, Japanese and Thai",
    )
    vocabulary: int = Field(20_000, ge=1, description="words (or characters) to know, the most frequent ones")
    min_count: int = Field(2, ge=1, description="how often a word must occur in training to be known")
    max_words: int = Field(
        400, ge=1, description="words (or characters) of a text that are read in training; longer texts are cut"
    )
    # the model
    embedding: Annotated[int, Searched(16, 128, log=True)] = Field(64, ge=1, description="size of a word's vector")
    hidden: Annotated[int, Searched(16, 256, log=True)] = Field(
        64, ge=1, description="units per LSTM layer and direction"
    )
    layers: Annotated[int, Searched(1, 3)] = Field(1, ge=1, description="LSTM layers, stacked")
    bidirectional: bool = Field(True, description="also read each sequence from its end; not with streaming")
    pooling: tuple[str, ...] = Field(
        ("mean", "max"), description="how the steps become one vector: last, mean, max, attention; several are joined"
    )
    convolutions: tuple[int, ...] | None = Field(
        None,
        description="filters of each layer of a convolutional branch beside the LSTM (LSTM-FCN); 0 for none, the "
        "default of texts and with --no-bidirectional; else 32 64 32",
    )
    kernels: tuple[int, ...] = Field(
        (16, 8, 4), description="steps that a filter of each convolutional layer spans; more layers begin anew"
    )
    random_convolutions: int | None = Field(
        None,
        ge=0,
        description="features of random convolutions (MiniRocket) beside the LSTM, which are not learnt, for sequences "
        "of numbers; made a multiple of 84; 0 for none, the default of texts and with --no-bidirectional",
    )
    patch: int | None = Field(
        None,
        ge=1,
        description="steps of a sequence of numbers that the LSTM reads at once; so many that it reads 128 times at "
        "most, 1 with --no-bidirectional",
    )
    tf_idf: tuple[int, ...] | None = Field(
        None,
        description="lengths of the word n-grams of a linear model beside the LSTM (TF-IDF with logistic regression), "
        "for texts of one class each; 0 for none; if not given 1, and of many texts 1 2",
    )
    tf_idf_places: int | None = Field(
        None,
        ge=1,
        le=2**21,  # the sum of five such numbers stays below 2**24
        description="places in the linear model's table of n-grams of each length above 1, which share them by a hash; "
        "262144 if not given",
    )
    ngrams: tuple[int, ...] = Field(
        (), description="also add up vectors of word n-grams of these lengths, such as 1 2; helps with long texts"
    )
    ngram_size: int = Field(16, ge=1, description="size of an n-gram's vector")
    dropout: Annotated[float, Searched(0.0, 0.6)] = Field(
        0.3, ge=0, lt=1, description="share of activations dropped before and after the LSTM"
    )
    word_dropout: Annotated[float, Searched(0.0, 0.3)] = Field(
        0.0, ge=0, lt=1, description="share of words hidden in training, to learn the unknown"
    )
    noise: Annotated[float, Searched(0.0, 0.3)] = Field(
        0.0, ge=0, description="Gaussian noise on scaled values in training, in spreads"
    )
    # the loss
    smoothing: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="label smoothing: share of each label spread over all; 0.1 with convolutions or pictures, else 0",
    )
    balance: Literal["none", "weights", "sampling"] = Field(
        "none",
        description="against rare classes: weigh their loss, or show them more often; the answer is then --decision "
        "balanced, and probabilities stay those of examples as they come",
    )

    # the answer
    decision: Decision | None = Field(
        None,
        description="the answer is the likeliest class (the default without --balance), or balanced: the one that is "
        "likelier than its share of the training examples by the largest factor; export --set decision=balanced",
    )
    threshold: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="probability from which the answer is --positive, else the likeliest of the others; export --set "
        "threshold=0.3 changes it",
    )
    positive: str | None = Field(
        None, description="class that --threshold is for; of two classes the rarer one, if not given"
    )

    @property
    def answered(self) -> Decision:
        """By which rule, if there is no threshold."""
        return self.decision or ("likeliest" if self.balance == "none" else "balanced")

    @property
    def minds_rare_classes(self) -> bool:
        """Whether something is done about rare classes."""
        return self.balance != "none" or self.answered == "balanced"

    @field_validator("tf_idf")
    @classmethod
    def _orders(cls, orders: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if orders and orders != (0,) and not all(1 <= n <= 5 for n in orders):
            raise ValueError("n-grams have 1 to 5 words; 0 alone is none")
        return () if orders == (0,) else orders

    @field_validator("convolutions")
    @classmethod
    def _none_of_zero(cls, filters: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if filters and min(filters) < 1 and filters != (0,):
            raise ValueError("a layer has 1 filter at least; 0 alone is none")
        return () if filters == (0,) else filters

    @model_validator(mode="after")
    def _pooled(self) -> Config:
        if not self.pooling or not set(self.pooling) <= set(POOLINGS):
            raise ValueError(f"--pooling {' '.join(self.pooling)}: choose one or several of {', '.join(POOLINGS)}")
        if not self.kernels or min(self.kernels) < 1:
            raise ValueError("--kernels: a filter spans 1 step at least")
        if any(not 1 <= n <= 5 for n in self.ngrams):
            raise ValueError("--ngrams: n-grams have 1 to 5 words")
        return self

    @model_validator(mode="after")
    def _one_or_several(self) -> Config:
        if self.decision == "balanced" and self.threshold is not None:
            raise ValueError("--decision balanced and --threshold both say what is answered; leave one out")
        if self.several is None and not self.flags:
            return self
        if self.several is not None and self.flags:
            raise ValueError("--several and --flags both say how several classes are told; leave one out")
        alone = {"positive": self.positive, "windows": self.windows, "smoothing": self.smoothing}
        alone["decision"] = self.decision
        alone["balance"] = self.balance if self.balance != "none" else None
        if given := next((name for name, value in alone.items() if value), None):
            raise ValueError(f"--{given}: is for one class of each example, and here it may have several; leave it out")
        return self

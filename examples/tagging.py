"""A tagger in one file: text in, a tag for each word out, with the words beside their tags.

It finds people and places in short sentences that are drawn from a few patterns. Most names are made up anew, so the
words around them have to tell what they are. Calling every word `O` finds none of them.

    lstm-onnx train --plugin-file examples/tagging.py --epochs 4
"""

from typing import ClassVar

from pydantic import BaseModel, Field

from lstm_onnx.plugin import Examples, FeatureTask, PrimaryMetric, Tags, Text, hookimpl

PATTERNS = (
    "{person} moved from {place} to {place} last year .",
    "Yesterday {person} met {person} in {place} .",
    "The train to {place} was late , said {person} .",
    "In {place} it rained , and {person} stayed at home .",
    "Nobody in {place} knew where {person} had gone .",
    "It was a long and quiet day .",
)
SYLLABLES = ("ba", "do", "ki", "lu", "me", "no", "ra", "si", "tu", "ve")
KINDS = ("person", "place")


class Config(BaseModel, extra="forbid"):
    hidden: int = Field(32, ge=1, description="units of the LSTM in each direction")
    count: int = Field(2000, ge=10, description="sentences to draw")


def name(random):
    """Make up a name of one or two words."""
    return ["".join(random.choice(SYLLABLES, size=3)).capitalize() for _ in range(random.integers(1, 3))]


def sentence(random):
    """Draw a sentence, and the tag of each of its words."""
    words, tags = [], []
    for piece in str(random.choice(PATTERNS)).split():
        kind = piece.strip("{}")
        found = name(random) if kind in KINDS else [piece]
        words += found
        tags += ["O"] if kind not in KINDS else [f"B-{kind}"] + [f"I-{kind}"] * (len(found) - 1)
    return " ".join(words), tags


class Tagging(FeatureTask[Config]):
    name = "tagging"
    summary = "finds people and places in sentences"
    primary_metric = PrimaryMetric("span_f1", mode="max")
    Config = Config
    training: ClassVar = {"learning_rate": 0.01}

    def inputs(self, options):
        return [Text(name="text", least=2)]

    def outputs(self, options):
        return [Tags(name="tag", along="text", spans=True, meaning="what the word belongs to")]

    def read(self, source, options, random):
        text, tag = zip(*(sentence(random) for _ in range(options.count)), strict=True)
        return Examples({"text": text, "tag": tag})

    def module(self, options, features):
        from torch import nn

        from lstm_onnx.nn.lstm import LSTM

        class Tagger(nn.Module):
            def __init__(self):
                super().__init__()
                self.words = nn.Embedding(features["text"].size, options.hidden, padding_idx=0)
                self.lstm = LSTM(options.hidden, options.hidden, bidirectional=True)
                self.head = nn.Linear(2 * options.hidden, features["tag"].width)

            def forward(self, text, lengths):
                states, _ = self.lstm.hidden_states(self.words(text), lengths)  # (batch, word, 2 * hidden)
                return {"tag": self.head(states)}

        return Tagger()


@hookimpl
def lstm_onnx_tasks():
    return [Tagging()]

"""A plugin for the tests: says a number in words, each word after the one before, by beam search in the graph."""

from typing import ClassVar

import numpy as np
from pydantic import BaseModel, Field

from lstm_onnx.plugin import Category, Examples, FeatureTask, PrimaryMetric, Sentence, hookimpl

ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
ONES += "seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


class Config(BaseModel, extra="forbid"):
    hidden: int = Field(32, ge=1, description="numbers that the decoder remembers")
    repeats: int = Field(4, ge=1, description="how often each number stands in the data")
    beam: int = Field(2, ge=1, description="beams of the search")


def in_words(number):
    if number < 20:
        return ONES[number]
    ten, one = divmod(number, 10)
    return f"{TENS[ten - 2]} {ONES[one]}" if one else TENS[ten - 2]


class Numerals(FeatureTask[Config]):
    name = "numerals"
    summary = "says a number in words"
    primary_metric = PrimaryMetric("wer", mode="min")
    Config = Config
    training: ClassVar = {"learning_rate": 0.01}

    def inputs(self, options):
        return [Category(name="tens"), Category(name="ones")]

    def outputs(self, options):
        return [Sentence(name="words", longest=3, scored=True)]

    def read(self, source, options, random):
        numbers = [int(n) for n in random.permutation(np.tile(np.arange(100), options.repeats))]
        words = [(in_words(n), f"number {in_words(n)}") if n % 10 == 7 else in_words(n) for n in numbers]
        return Examples({"tens": [n // 10 for n in numbers], "ones": [n % 10 for n in numbers], "words": words})

    def module(self, options, features):
        import torch
        from torch import nn

        from lstm_onnx.features.sentence_graph import END, START
        from lstm_onnx.nn.beam_search import beam_search

        class Network(nn.Module):
            def __init__(self):
                super().__init__()
                size, width = options.hidden, features["words"].width
                self.tens, self.ones = (nn.Embedding(features[name].size, size) for name in ("tens", "ones"))
                self.word = nn.Embedding(width, size)
                self.cell, self.head = nn.Linear(2 * size, size), nn.Linear(size, width)

            def step(self, token, remembered):
                remembered = torch.tanh(self.cell(torch.cat([self.word(token), remembered], dim=1)))
                return self.head(remembered), remembered

            def forward(self, tens, ones, words=None):
                remembered = torch.tanh(self.tens(tens) + self.ones(ones))
                if words is not None:
                    token, scores = torch.full_like(words[:, 0], START), []
                    for k in range(words.shape[1]):
                        found, remembered = self.step(token, remembered)
                        scores.append(found)
                        token = words[:, k]
                    return {"words": torch.stack(scores, dim=1)}

                def search(token, state):
                    found, after = self.step(token, state[0])
                    return torch.log_softmax(found, dim=1), (after,), None

                found = beam_search(search, (remembered,), start=START, end=END, width=options.beam, longest=3)
                return {"words": found}

        return Network()


@hookimpl
def lstm_onnx_tasks():
    return [Numerals()]

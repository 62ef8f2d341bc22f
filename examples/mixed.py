"""A picture, a text and numbers in one model: what a parcel costs to send, and which counter takes it.

The parcels are drawn: the picture shows a box whose area counts, the text says how it shall travel, and there are its
weight and where it goes. No one of them tells the price alone.

    lstm-onnx train --plugin-file examples/mixed.py --epochs 12
"""

import numpy as np
from pydantic import BaseModel, Field

from lstm_onnx.plugin import Category, Examples, FeatureTask, Image, Number, Option, PrimaryMetric, Text, hookimpl

WISHES = {
    "express": ("please send it today , it is urgent", "as fast as you can", "urgent , by air today"),
    "parcel": ("no hurry , send it by road", "it may take a week", "slow and cheap , there is no hurry"),
}
ZONES = {"home": 1.0, "abroad": 2.5}
GREEN, BROWN = (40, 120, 60), (150, 100, 50)


class Config(BaseModel, extra="forbid"):
    hidden: int = Field(24, ge=1, description="units of the LSTM, and numbers that a picture becomes")
    count: int = Field(1500, ge=40, description="parcels to draw")


def picture(random):
    """Draw a brown box on green; return it, and the share that the box takes."""
    height, width = (int(n) for n in random.integers(28, 57, size=2))
    tall, wide = (int(share * n) for share, n in zip(random.uniform(0.2, 0.9, size=2), (height, width), strict=True))
    pixels = random.normal(GREEN, 12, size=(height, width, 3))
    top, left = (int(random.integers(0, n - m + 1)) for n, m in ((height, tall), (width, wide)))
    pixels[top : top + tall, left : left + wide] = random.normal(BROWN, 12, size=(tall, wide, 3))
    return np.clip(pixels, 0, 255).astype(np.uint8), tall * wide / (height * width)


class Mixed(FeatureTask[Config]):
    name = "mixed"
    summary = "what a parcel costs to send, from its picture, a wish, its weight and where it goes"
    primary_metric = PrimaryMetric("price_rmse", mode="min")
    Config = Config

    def inputs(self, options):
        return [
            Image(name="photo", pixels=32, square="stretch"),
            Text(name="wish", least=2),
            Number(name="weight", unit="kg"),
            Category(name="zone"),
            Option(name="discount", default=0.0, least=0.0, most=1.0, meaning="share of the price that is let off"),
        ]

    def outputs(self, options):
        return [Number(name="price", unit="EUR"), Category(name="counter")]

    def read(self, source, options, random):
        rows = []
        for _ in range(options.count):
            (photo, area), zone = picture(random), str(random.choice(list(ZONES)))
            counter, weight = str(random.choice(list(WISHES))), float(random.uniform(0.2, 20))
            price = (3 + 8 * area + 0.4 * weight) * ZONES[zone] * (1.6 if counter == "express" else 1)
            rows.append((photo, str(random.choice(WISHES[counter])), weight, zone, price, counter))
        names = ("photo", "wish", "weight", "zone", "price", "counter")
        return Examples(dict(zip(names, zip(*rows, strict=True), strict=True)))  # without discount: it stays 0

    def module(self, options, features):
        import torch
        from torch import nn

        from lstm_onnx.nn.lstm import LSTM

        class Network(nn.Module):
            def __init__(self):
                super().__init__()
                size = options.hidden
                self.look = nn.Sequential(
                    nn.Conv2d(features["photo"].size, 12, 5, stride=4), nn.ReLU(), nn.Flatten(), nn.LazyLinear(size)
                )
                self.words = nn.Embedding(features["wish"].size, size, padding_idx=0)
                self.lstm = LSTM(size, size)
                self.zone = nn.Embedding(features["zone"].size, 4)
                self.mix = nn.Sequential(nn.Linear(2 * size + 4 + features["weight"].size, 64), nn.ReLU())
                self.price, self.counter = nn.Linear(64, 1), nn.Linear(64, features["counter"].width)
                self.look(torch.zeros(1, features["photo"].size, 32, 32))

            def forward(self, photo, wish, lengths, weight, zone, discount):
                _, last = self.lstm.hidden_states(self.words(wish), lengths)
                seen = self.mix(torch.cat([self.look(photo), last[0], weight, self.zone(zone)], dim=1))
                unit = features["price"]
                price = self.price(seen).squeeze(1) * unit.spread + unit.center
                scaled = (price * (1 - discount) - unit.center) / unit.spread
                return {"price": scaled, "counter": self.counter(seen)}

        return Network()


@hookimpl
def lstm_onnx_tasks():
    return [Mixed()]

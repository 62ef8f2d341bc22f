"""Classification and captioning by others, at the same sizes: skorch, and Keras on JAX; see `peers`."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.speed import sizes
from benchmarks.speed.worker import now


def skorch_classifier(folder: Path, threads: int) -> Callable[[], float]:
    """`NeuralNetClassifier` around the same module as the bare loop's."""
    import torch
    from skorch import NeuralNetClassifier
    from torch import nn

    from benchmarks.speed.bare import Classifier

    x, y = sizes.read_sequences(folder)
    torch.set_num_threads(threads)
    return _skorch(NeuralNetClassifier, Classifier, nn.CrossEntropyLoss, x, y)


def skorch_captioner(folder: Path, threads: int) -> Callable[[], float]:
    """`NeuralNet` around the same module as the bare loop's."""
    import torch
    from skorch import NeuralNet
    from torch import Tensor, nn

    from benchmarks.speed.bare import Teller

    class WordLoss(nn.CrossEntropyLoss):
        def forward(self, scores: Tensor, words: Tensor) -> Tensor:
            return super().forward(scores.mT, words)

    images, words = sizes.pictures()
    torch.set_num_threads(threads)
    return _skorch(NeuralNet, Teller, WordLoss, {"x": images, "before": sizes.words_before(words)}, words)


def _skorch(kind: Any, module: Any, loss: Any, x: Any, y: Any) -> Callable[[], float]:
    import torch

    net = kind(
        module,
        criterion=loss,
        optimizer=torch.optim.Adam,
        lr=sizes.RATE,
        batch_size=sizes.BATCH,
        max_epochs=1,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )
    net.initialize()

    def run() -> float:
        began = now()
        net.partial_fit(x, y)
        return len(y) / (now() - began)

    return run


def keras_classifier(folder: Path, threads: int) -> Callable[[], float]:
    """`LSTM`, the mean of its states, `Dense`."""
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    x, y = sizes.read_sequences(folder)
    layers = [
        keras.Input((sizes.STEPS, sizes.CHANNELS)),
        keras.layers.LSTM(sizes.HIDDEN, return_sequences=True),
        keras.layers.GlobalAveragePooling1D(),
        keras.layers.Dense(sizes.CLASSES),
    ]
    return _keras(keras.Sequential(layers), x, y)


def keras_captioner(folder: Path, threads: int) -> Callable[[], float]:
    """Convolutions, then `LSTM` with the picture as its first word."""
    os.environ["KERAS_BACKEND"] = "jax"
    import keras
    from keras import layers

    images, words = sizes.pictures()
    x, before = keras.Input((sizes.SIDE, sizes.SIDE, 3)), keras.Input((sizes.CAPTION_WORDS,), dtype="int32")

    def convolution(seen: Any, filters: int, strides: int) -> Any:
        seen = layers.Conv2D(filters, 3, strides, padding="same", use_bias=False)(seen)
        return layers.ReLU()(layers.BatchNormalization()(seen))

    seen = convolution(x, sizes.FILTERS[0], 1)
    for _, filters in pairwise(sizes.FILTERS):
        seen = convolution(convolution(seen, filters, 2), filters, 1)
    first = layers.Reshape((1, sizes.HIDDEN))(layers.Dense(sizes.HIDDEN)(layers.GlobalAveragePooling2D()(seen)))
    told = layers.Concatenate(axis=1)([first, layers.Embedding(sizes.WORDS, sizes.HIDDEN)(before)])
    states = layers.LSTM(sizes.HIDDEN, return_sequences=True)(told)
    scores = layers.Dense(sizes.WORDS)(layers.Cropping1D((1, 0))(states))
    return _keras(
        keras.Model([x, before], scores), [images.transpose(0, 2, 3, 1).copy(), sizes.words_before(words)], words
    )


def _keras(model: Any, x: Any, y: Any) -> Callable[[], float]:
    import keras

    model.compile(
        optimizer=keras.optimizers.Adam(sizes.RATE), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )

    def run() -> float:
        model.fit(x, y, batch_size=sizes.BATCH, epochs=1, verbose=0)
        began = now()
        model.fit(x, y, batch_size=sizes.BATCH, epochs=1, verbose=0)
        return len(y) / (now() - began)

    return run

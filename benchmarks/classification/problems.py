"""The sets, the options of each, and what is known about them.

The options were chosen on parts of the training data, never on the test part. So few examples are in some training
parts that none can be spared: for the test part the model learns from all of them, for a number of epochs that is fixed
beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One data set.

    Attributes:
        title: for people.
        config: options of the plugin.
        settings: options of training.
        known: accuracies that others published, by method.
        aim: accuracy to reach.
        common: settings of every problem.
    """

    title: str
    config: dict[str, Any]
    settings: dict[str, Any]
    known: dict[str, float]
    aim: float
    common: dict[str, Any] = field(
        default_factory=lambda: {"threads": 1, "device": "cpu", "warmup": 0.05, "weight_decay": 0.01}
    )


_FCN: dict[str, Any] = {
    "convolutions": (64, 128, 64),
    "random_convolutions": 0,
    "kernels": (8, 5, 3),
    "patch": 1,
    "smoothing": 0.1,
    "dropout": 0.5,
}

PROBLEMS = {
    "japanese-vowels": Problem(
        title="JapaneseVowels",
        config={**_FCN, "hidden": 16, "pooling": ("last",), "noise": 0.2},
        settings={"epochs": 40, "batch_size": 16, "learning_rate": 3e-3},
        known={"plain LSTM": 0.80, "MLSTM-FCN": 0.976, "FCN": 0.993},
        aim=0.985,
    ),
    "basic-motions": Problem(
        title="BasicMotions",
        config={**_FCN, "hidden": 32},
        settings={"epochs": 60, "batch_size": 16, "learning_rate": 2e-3},
        known={},
        aim=1.0,
    ),
    "italy-power-demand": Problem(
        title="ItalyPowerDemand",
        config={**_FCN, "hidden": 8, "pooling": ("last",), "kernels": (16, 8, 4)},
        settings={"epochs": 100, "batch_size": 8, "learning_rate": 5e-3},
        known={"LSTM-FCN": 0.962, "1-NN DTW": 0.950},
        aim=0.962,
    ),
    "gun-point": Problem(
        title="GunPoint",
        config={**_FCN, "hidden": 8, "pooling": ("last",), "kernels": (16, 8, 4)},
        settings={"epochs": 150, "batch_size": 8, "learning_rate": 3e-3},
        known={"LSTM-FCN": 1.0, "1-NN DTW": 0.907},
        aim=1.0,
    ),
    "arrow-head": Problem(
        title="ArrowHead",
        config={**_FCN, "hidden": 8, "pooling": ("last",), "kernels": (16, 8, 4)},
        settings={"epochs": 300, "batch_size": 8, "learning_rate": 5e-3},
        known={"LSTM-FCN": 0.897, "1-NN DTW": 0.663},
        aim=0.897,
    ),
    "osu-leaf": Problem(
        title="OSULeaf",
        config={**_FCN, "hidden": 8, "pooling": ("last",), "kernels": (16, 8, 4)},
        settings={"epochs": 250, "batch_size": 16, "learning_rate": 5e-3},
        known={"LSTM-FCN": 0.983, "1-NN DTW": 0.591},
        aim=0.983,
    ),
    "digits": Problem(
        title="spoken digits",
        config={
            "convolutions": (0,),
            "random_convolutions": 0,
            "patch": 1,
            "hidden": 64,
            "dropout": 0.3,
            "smoothing": 0.1,
            "noise": 0.2,
        },
        settings={"epochs": 20, "batch_size": 32, "learning_rate": 3e-3},
        known={},
        aim=0.98,
    ),
    "r8": Problem(
        title="Reuters R8",
        config={"dropout": 0.5, "word_dropout": 0.1, "ngrams": (1, 2), "max_words": 200},
        settings={"epochs": 12, "batch_size": 32, "learning_rate": 4e-3},
        known={"LSTM": 0.937, "BiLSTM": 0.963, "TF-IDF + logistic regression": 0.9685},
        aim=0.97,
    ),
    "rotten-tomatoes": Problem(
        title="Rotten Tomatoes",
        # not only white space parts words: what is joined by a dash or an ellipsis is known all the same
        config={"text_input": "bytes", "hidden": 32, "dropout": 0.5, "word_dropout": 0.2, "ngrams": (1, 2)},
        settings={"epochs": 5, "batch_size": 32, "learning_rate": 2e-3},
        known={"CNN-rand": 0.761, "TF-IDF + logistic regression, another split": 0.767},
        aim=0.77,
    ),
    "imdb": Problem(
        title="IMDB",
        config={
            **{"text_input": "bytes", "vocabulary": 30_000, "dropout": 0.5, "word_dropout": 0.2},
            **{"ngrams": (1, 2), "ngram_size": 8},
        },
        settings={"epochs": 2, "batch_size": 64, "learning_rate": 4e-3},
        known={"TF-IDF + logistic regression, another split": 0.907},
        aim=0.91,
    ),
}

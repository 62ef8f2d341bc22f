"""The sets, the options of each, and what is known about them. No option was chosen on a test part."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One data set.

    Attributes:
        task: the plugin.
        title: for people.
        options: of the plugin and of training.
        figures: metrics to show.
        known: what others published, by method, in the first figure.
        on_gpu: whether it takes a GPU: such a set is run where it is named.
    """

    task: str
    title: str
    options: dict[str, Any] = field(default_factory=dict)
    figures: tuple[str, ...] = ()
    known: dict[str, float] = field(default_factory=dict)
    on_gpu: bool = False


_NUMBERS = ("rmse", "mae", "r2")
_ALARMS = ("f1", "precision", "recall", "found", "delay", "false_per_1000")
_HEARD = ("cer", "wer", "exact")
_SMALL: dict[str, Any] = {"validation_share": 0.0, "dropout": 0.3, "weight_decay": 0.01}

_CARS: dict[str, Any] = {"target": ("Miles_per_Gallon", "Acceleration"), "text": ("Name",)}
_CARS_FIGURES = tuple(f"{of}_{what}" for of in _CARS["target"] for what in ("rmse", "r2"))

_BLEEDING: dict[str, Any] = {"window": 128, "smoothing": 8, "epochs": 200, "patience": 40, "learning_rate": 1e-2}

_MOLECULES: dict[str, Any] = {"hidden": 768, "layers": 3, "embedding": 64, "dropout": 0.2, "longest": 60, "epochs": 5}
_MOLECULES |= {"batch_size": 512, "learning_rate": 1.5e-3, "validation_share": 0.005, "device": "auto", "threads": None}
_SPELLINGS: dict[str, Any] = {"hidden": 224, "layers": 2, "embedding": 128, "dropout": 0.3, "smoothing": 0.1}
_SPELLINGS |= {"batch_size": 256, "epochs": 26, "patience": 50, "learning_rate": 3e-3, "device": "auto"}

_PROMPTS: dict[str, Any] = {"epochs": 80, "patience": 20, "seconds": 8.0, "hidden": 128, "batch_size": 8}
_PROMPTS |= {"dropout": 0.3}
_SHORTER: dict[str, Any] = {**_PROMPTS, "epochs": 40}

PROBLEMS = {
    "machines": Problem("regression", "worn machines, drawn (hours left)", {}, _NUMBERS),
    "covid": Problem(
        "regression",
        "Covid3Month",
        {**_SMALL, "epochs": 60, "hidden": 16},
        _NUMBERS,
        {"ROCKET": 0.0389, "random forest": 0.0425, "1-NN": 0.0531, "InceptionTime": 0.0556},
    ),
    "cardano": Problem("regression", "CardanoSentiment", {**_SMALL, "epochs": 30, "hidden": 16}, _NUMBERS),
    "cars": Problem("regression", "cars of 1970 to 1982", _CARS, (*_CARS_FIGURES, "rmse")),
    "written": Problem(
        "classification",
        "written digits, as pictures",
        {"size": 16, "dropout": 0.1, "validation_share": 0.0},
        ("accuracy", "macro_f1", "log_loss"),
        {"support vectors (scikit-learn's example)": 0.97},
    ),
    "traffic": Problem("anomaly", "traffic, 24 planted faults", {}, _ALARMS),
    "bleeding": Problem("anomaly", "UCR anomaly 135, InternalBleeding16", _BLEEDING, _ALARMS),
    "heart": Problem("anomaly", "electrocardiogram of TimeEval, 3 anomalies", {"epochs": 20}, _ALARMS),
    "sentences": Problem("tagging", "drawn sentences (spans)", {}, ("accuracy", "span_f1")),
    "weather": Problem("textgen", "weather reports, drawn", {}, ("bits_per_character", "perplexity")),
    "molecules": Problem(
        "textgen", "MOSES, molecules as SMILES", _MOLECULES, ("bits_per_character", "perplexity"), on_gpu=True
    ),
    "dates": Problem("translate", "dates in words, drawn", {}, ("error_rate", "exact")),
    "spellings": Problem(
        "translate",
        "CMUdict, spelling to phonemes",
        _SPELLINGS,
        ("error_rate", "exact"),
        {"LSTM without attention": 0.0763, "five LSTMs with attention together": 0.0469},
        on_gpu=True,
    ),
    "utterances": Problem("speech", "drawn utterances of an invented language", {"epochs": 15}, _HEARD),
    "prompts": Problem("speech", "prompts of Asterisk, one English voice", _PROMPTS, _HEARD),
    "prompts-fr": Problem("speech", "prompts of Asterisk, one French voice (Canada)", _SHORTER, _HEARD),
    "prompts-es": Problem("speech", "prompts of Asterisk, one Spanish voice (Mexico)", _SHORTER, _HEARD),
    "prompts-it": Problem("speech", "prompts of Asterisk, one Italian voice", _SHORTER, _HEARD),
    "prompts-ru": Problem("speech", "prompts of Asterisk, one Russian voice", _SHORTER, _HEARD),
    "digits": Problem(
        "speech", "digits said by espeak-ng, voices never heard", {"epochs": 20, "hidden": 64, "layers": 1}, _HEARD
    ),
    "turkish": Problem("tagging", "Turkish Web Treebank (parts of speech)", {"epochs": 8, "hidden": 96}, ("accuracy",)),
}

"""Options of training that no task has to know of."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, cos, pi
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field

from lstm_onnx import renamed
from lstm_onnx.data.searched import Searched
from lstm_onnx.errors import UserError, nearest
from lstm_onnx.options import Options, check_disjoint, flag, validate

if TYPE_CHECKING:  # it brings numpy, which completion does without
    from lstm_onnx.task import AnyTask

ObserversT = TypeVar("ObserversT")
Precision = Literal["fp32", "bf16"]

_OLD = ("observer",)
RESERVED = (*_OLD, "plugin", "data", "runs", "name", "plugin_file", "observers", "start", "track", "config", "settings")
"""What no option of a task may be called: `train` means something else by it."""


class TrainingOptions(Options):
    """How to train; every field is an option of `lstm-onnx train`."""

    epochs: int = Field(
        50, ge=1, description="passes over the training data, at most; more, if not given, where --least-steps says so"
    )
    least_steps: int = Field(
        1000, ge=0, description="steps for which few examples are shown again, if --epochs is not given"
    )
    patience: int = Field(8, ge=1, description="stop after this many epochs without a better validation score")
    batch_size: Annotated[int, Searched(choices=(16, 32, 64, 128))] = Field(64, ge=1, description="examples per step")
    learning_rate: Annotated[float, Searched(3e-4, 2e-2, log=True)] = Field(
        2e-3, gt=0, description="peak of the schedule"
    )
    schedule: Literal["cosine", "constant"] = Field("cosine", description="how the rate falls after the warm-up")
    warmup: float = Field(0.05, ge=0, lt=1, description="share of all steps in which the rate rises from 0")
    optimizer: Literal["adam", "adamw"] = Field("adamw", description="adamw decouples the weight decay")
    weight_decay: Annotated[float, Searched(choices=(0.0, 1e-4, 1e-3, 1e-2))] = Field(
        0.0, ge=0, description="pull of the weights towards 0"
    )
    average: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="validate and keep not the newest weights, but their moving average over about this share of all "
        "steps (Polyak and Juditsky 1992); 0 for none",
    )
    clip: float = Field(1.0, ge=0, description="largest norm of the gradient; 0 does not clip")
    seed: int = Field(0, ge=0, description="fixes initial weights, order of the examples and dropout")
    parts_seed: int | None = Field(
        None, ge=0, description="fixes which examples are kept for the test and to validate; the seed if not given"
    )
    fold: str | None = Field(
        None,
        pattern=r"^\d+/\d+$",
        description="cut this part of several off for the test, such as 2/5; --folds trains all",
    )
    hold_out: bool = Field(
        False,
        description="keep a part to validate, even where a task would learn from all of few examples, as tune does",
    )
    refit: bool = Field(
        False,
        description="when the validation part has said how many steps are best, train anew with them on it, too",
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto takes a GPU where there is one")
    precision: Precision = Field(
        "fp32", description="bf16 trains faster on hardware that has it; weights, validation and the file stay fp32"
    )
    threads: int | None = Field(
        None, ge=1, description="CPU threads; by the size of model and batch: one for small ones"
    )

    @property
    def data_seed(self) -> int:
        """The seed by which data is read and parted."""
        return self.seed if self.parts_seed is None else self.parts_seed

    def rate(self, step: int, total: int) -> float:
        """Learning rate at `step` of `total`: linear warm-up, then half a cosine to 0 (Loshchilov and Hutter 2017)."""
        rising = int(self.warmup * total)
        if step < rising:
            return self.learning_rate * (step + 1) / rising
        if self.schedule == "constant":
            return self.learning_rate
        return self.learning_rate * 0.5 * (1 + cos(pi * (step - rising) / max(1, total - rising)))

    def average_decay(self, total: int) -> float:
        """What each of `total` steps leaves of the moving average of the weights; 0 where there is none."""
        return 1 - 1 / max(1.0, self.average * total)


def suited(
    task: AnyTask, config: BaseModel, settings: TrainingOptions, given: Mapping[str, Any], examples: int
) -> TrainingOptions:
    """Return options as the task wants them for its data, and with steps enough; those in `given` stay."""
    wished = task.budget(config, examples, settings.batch_size)
    settings = validate(TrainingOptions, {**settings.model_dump(), **wished, **given}, of="training")
    return with_steps_enough(settings, {**wished, **given}, examples)


PATIENT_SHARE = 0.2
"""Of the least steps, after so many without a better validation score training stops."""


def with_steps_enough(settings: TrainingOptions, given: Mapping[str, Any], examples: int) -> TrainingOptions:
    """Return options with more epochs and patience where few examples would make hardly any steps.

    Weights need steps, however few examples there are.

    Args:
        settings: the options.
        given: those that were asked for by name: these stay.
        examples: how many there are to learn from.
    """
    each = ceil(examples / settings.batch_size)
    if "epochs" in given or settings.epochs * each >= settings.least_steps:
        return settings
    patience = ceil(PATIENT_SHARE * settings.least_steps / each)
    more = {"epochs": ceil(settings.least_steps / each), "patience": max(settings.patience, patience)}
    return settings.model_copy(update={n: v for n, v in more.items() if n not in given})


def sort_options(given: Mapping[str, Any], models: Mapping[str, type[BaseModel]]) -> dict[str, dict[str, Any]]:
    """Sort options by the model that has a field of their name.

    Args:
        given: options by name.
        models: by the name of what they are the options of.

    Raises:
        UserError: no model has a field of that name, or two have.
    """
    check_disjoint(models)
    for name, model in models.items():
        if taken := [field for field in model.model_fields if field in RESERVED]:
            raise UserError(f"option {flag(taken[0])} of {name} is one of train itself; rename it in the plugin")
    owner = {field: name for name, model in models.items() for field in model.model_fields}
    sorted_: dict[str, dict[str, Any]] = {name: {} for name in models}
    for name, value in given.items():
        if name not in owner:
            of = " or of ".join("training" if n == "training" else f"the task {n}" for n in models)
            raise UserError(f"'{name}' is not an option of {of}{nearest(name, owner)}")
        sorted_[owner[name]][name] = value
    return sorted_


def of_release_0_1(options: Mapping[str, Any], observers: ObserversT) -> tuple[dict[str, Any], ObserversT]:
    """Take the parameters of release 0.1, `config=`, `settings=` and `observer=`, for one release more."""
    options = dict(options)
    for old in ("config", "settings"):
        if old in options:
            renamed.warn(f"{old}={{...}}", "plain keywords, such as train(..., horizon=14, epochs=30)", level=4)
            given = options.pop(old) or {}
            if not isinstance(given, Mapping):
                raise UserError(
                    f"{old}=: was given a {type(given).__name__}, and takes options by name: {{'epochs': 30}}"
                )
            options |= given
    if "observer" in options:
        renamed.warn("observer=", "observers=[...]", level=4)
        observer = options.pop("observer")
        observers = observers if observer is None else observer
    return options, observers

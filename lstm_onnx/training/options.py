"""Options of training that no task has to know of."""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, pi
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lstm_onnx.errors import UserError, nearest

ModelT = TypeVar("ModelT", bound=BaseModel)


class TrainingOptions(BaseModel):
    """How to train; every field is an option of `lstm-onnx train`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: int = Field(50, ge=1, description="passes over the training data, at most")
    patience: int = Field(8, ge=1, description="stop after this many epochs without a better validation score")
    batch_size: int = Field(64, ge=1, description="examples per step")
    learning_rate: float = Field(2e-3, gt=0, description="peak of the schedule")
    schedule: Literal["cosine", "constant"] = Field("cosine", description="how the rate falls after the warm-up")
    warmup: float = Field(0.05, ge=0, lt=1, description="share of all steps in which the rate rises from 0")
    optimizer: Literal["adam", "adamw"] = Field("adamw", description="adamw decouples the weight decay")
    weight_decay: float = Field(0.0, ge=0, description="pull of the weights towards 0")
    clip: float = Field(1.0, ge=0, description="largest norm of the gradient; 0 does not clip")
    seed: int = Field(0, ge=0, description="fixes initial weights, order of the examples and dropout")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto takes a GPU where there is one")
    threads: int | None = Field(None, ge=1, description="CPU threads; measured at the start if not given")

    def rate(self, step: int, total: int) -> float:
        """Learning rate at `step` of `total`: linear warm-up, then half a cosine to 0 (Loshchilov and Hutter 2017)."""
        rising = int(self.warmup * total)
        if step < rising:
            return self.learning_rate * (step + 1) / rising
        if self.schedule == "constant":
            return self.learning_rate
        return self.learning_rate * 0.5 * (1 + cos(pi * (step - rising) / max(1, total - rising)))


def flag(name: str) -> str:
    """`batch_size` -> `--batch-size`."""
    return "--" + name.replace("_", "-")


def validate(model: type[ModelT], values: Mapping[str, Any], of: str) -> ModelT:
    """Build a model from option values.

    Raises:
        UserError: an option is unknown or has a value that is not allowed; `of` says whose options they are.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        if first["type"] == "extra_forbidden":
            raise UserError(f"'{name}' is not an option of {of}{nearest(name, model.model_fields)}") from None
        message = first["msg"].removeprefix("Value error, ")
        place = f"{flag(name)} {_text(first['input'])}" if name else of
        raise UserError(f"{place}: {message[0].lower()}{message[1:]}") from None


def _text(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def check_disjoint(models: Mapping[str, type[BaseModel]]) -> None:
    """Refuse a task whose options hide those of training.

    Raises:
        UserError: two models have a field of the same name.
    """
    seen: dict[str, str] = {}
    for name, model in models.items():
        for field in model.model_fields:
            if field in seen:
                raise UserError(f"option {flag(field)} belongs to {seen[field]} and to {name}; rename it in the plugin")
            seen[field] = name

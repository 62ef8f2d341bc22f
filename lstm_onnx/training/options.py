"""Options of training that no task has to know of."""

from __future__ import annotations

from math import cos, pi
from typing import Literal

from pydantic import Field

from lstm_onnx.options import Options


class TrainingOptions(Options):
    """How to train; every field is an option of `lstm-onnx train`."""

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

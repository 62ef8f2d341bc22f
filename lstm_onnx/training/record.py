"""What `run.json` holds: what was trained, on what, with which options, and how it scored."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator

from lstm_onnx.column_reading import ColumnReading
from lstm_onnx.contract import Scores
from lstm_onnx.contract_versions import scores_of_version_1
from lstm_onnx.training.options import TrainingOptions


class Record(BaseModel):
    """The content of `run.json`."""

    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="strings")

    version: Literal[1] = 1
    name: str
    task: str
    plugin: str
    plugin_file: str | None = None
    plugin_digest: str | None = None
    created: str
    status: Literal["training", "interrupted", "finished"] = "training"
    source: str | None  # absolute, or within the run folder; None for the data that the plugin brings
    fingerprint: str
    base: str | None = None  # the run that it went on from, with other data
    licence: str | None = None
    summary: str
    notes: list[str]
    understood: tuple[ColumnReading, ...] = ()
    config: dict[str, Any]
    info: dict[str, Any]
    training: TrainingOptions
    epochs_done: int = 0
    best_epoch: int = 0
    seconds: float = 0.0
    parameters: int
    scores: Scores | None = None
    ahead: tuple[str, ...] = ()  # baselines that are better, the best first
    examples: str | None = None
    versions: dict[str, str]

    @field_validator("scores", mode="before")
    @classmethod
    def _names_of_release_0_1(cls, scores: Any) -> Any:
        return scores_of_version_1(scores)

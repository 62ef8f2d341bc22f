"""Tells MLflow of a run. Where it is stored is MLflow's business: `MLFLOW_TRACKING_URI`, or else `mlflow.db` here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from lstm_onnx.data.atomic_files import write_atomically
from lstm_onnx.errors import UserError
from lstm_onnx.training.observers import Observer, Row

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

    from lstm_onnx.task import TaskData
    from lstm_onnx.training.run_folder import Run

NOTE = "mlflow_run_id"
"""In the run folder, the file with MLflow's id of the run, so that a resumed run goes on there."""

_ENDS = {"finished": "FINISHED", "interrupted": "KILLED", "training": "FAILED"}


class MLflow(Observer):
    """A run of the experiment that is called as the task: options, the figures of each epoch, test scores, pictures."""

    name: ClassVar[str] = "mlflow"

    def __init__(self) -> None:
        self._client: MlflowClient | None = None
        self._run_id = ""

    def prepare(self) -> None:
        """Refuse, if MLflow is not there, or cannot store anything."""
        try:
            from mlflow.exceptions import MlflowException
            from mlflow.tracking import MlflowClient

            self._client = MlflowClient()
        except ImportError as error:
            raise UserError(f"--track mlflow: {error}; pip install mlflow") from error
        except MlflowException as error:
            reason = " ".join(str(error).split())
            raise UserError(f"--track mlflow: {reason} (MLFLOW_TRACKING_URI says where to store)") from error

    def started(self, run: Run, data: TaskData[Any], batches: int) -> None:
        """Begin a run with its options, or go on with the one that this run folder has."""
        client = self._ready()
        note, record = run.folder / NOTE, run.record
        if note.exists():
            self._run_id = note.read_text().strip()
            client.update_run(self._run_id, status="RUNNING")
            return
        found = client.get_experiment_by_name(record.task)
        experiment = found.experiment_id if found is not None else client.create_experiment(record.task)
        tags = {"lstm_onnx.folder": str(run.folder.resolve()), "lstm_onnx.data": record.summary}
        self._run_id = client.create_run(experiment, run_name=record.name, tags=tags).info.run_id
        write_atomically(note, self._run_id + "\n")
        options = record.config | record.training.model_dump(mode="json") | {"parameters": record.parameters}
        for name, value in options.items():
            client.log_param(self._run_id, name, value)

    def epoch_ended(self, row: Row, is_best: bool) -> None:
        """Note the figures of the epoch."""
        for name, value in row.items():
            if name != "epoch":
                self._add(name, value, int(row["epoch"]))

    def finished(self, run: Run) -> None:
        """Note the test scores and keep the pictures, if training came to its end."""
        for name, value in run.scores.items():
            self._add(f"test_{name}", value, run.record.best_epoch)
        if run.plots.is_dir():
            self._ready().log_artifacts(self._run_id, str(run.plots), "plots")
        self._ready().set_terminated(self._run_id, _ENDS[run.record.status])

    def _add(self, name: str, value: float, step: int) -> None:
        if math.isfinite(value):
            self._ready().log_metric(self._run_id, name, value, step=step)

    def _ready(self) -> MlflowClient:
        if self._client is None:
            raise RuntimeError("an observer is prepared before it is told anything")
        return self._client

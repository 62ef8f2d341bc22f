"""Training by others, at the same sizes; runs in the environment of `requirements-peers.txt`.

Each is set up as its own documentation shows, without clipping, progress bars, logs and checkpoints, which cost time.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.speed import sizes
from benchmarks.speed.peers_tasks import keras_captioner, keras_classifier, skorch_captioner, skorch_classifier
from benchmarks.speed.worker import Clock, hold_cores, now, serve

QUIET = {"accelerator": "cpu", "enable_progress_bar": False, "logger": False, "enable_checkpointing": False}


def darts(folder: Path, threads: int) -> Callable[[], float]:
    """`BlockRNNModel`; the second of two epochs counts, from its start to its end."""
    import torch
    from darts import TimeSeries
    from darts.models import BlockRNNModel
    from pytorch_lightning.callbacks import Callback

    torch.set_num_threads(threads)
    series = TimeSeries.from_values(sizes.read_values(folder))
    rates: list[float] = []

    class Watch(Callback):
        began = 0.0

        def on_train_epoch_start(self, trainer: Any, module: Any) -> None:
            self.began = now()

        def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
            rates.append(trainer.num_training_batches * sizes.BATCH / (now() - self.began))

    model = BlockRNNModel(
        model="LSTM",
        input_chunk_length=sizes.WINDOW,
        output_chunk_length=sizes.HORIZON,
        hidden_dim=sizes.HIDDEN,
        n_rnn_layers=1,
        batch_size=sizes.BATCH,
        loss_fn=torch.nn.L1Loss(),
        optimizer_kwargs={"lr": sizes.RATE},
        pl_trainer_kwargs={**QUIET, "callbacks": [Watch()]},
    )

    def run() -> float:
        model.fit(series, epochs=2)
        return rates[-1]

    return run


def neuralforecast(folder: Path, threads: int) -> Callable[[], float]:
    """`LSTM` with a linear decoder, on windows sampled from the one series."""
    import pandas as pd
    import torch
    from neuralforecast import NeuralForecast
    from neuralforecast.losses.pytorch import MAE
    from neuralforecast.models import LSTM
    from pytorch_lightning.callbacks import Callback

    torch.set_num_threads(threads)
    values = sizes.read_values(folder)
    times = pd.date_range("2020-01-01", periods=len(values), freq="h")
    frame = pd.DataFrame({"unique_id": "one", "ds": times, "y": values})

    clocks: list[Clock] = []  # out here, because NeuralForecast works on a copy of the model and its callbacks

    class Watch(Callback):
        def on_train_batch_end(self, *_: Any) -> None:
            clocks[-1].tick()

    def run() -> float:
        clocks.append(Clock())
        model = LSTM(
            h=sizes.HORIZON,
            input_size=sizes.WINDOW,
            encoder_n_layers=1,
            encoder_hidden_size=sizes.HIDDEN,
            decoder_layers=1,
            loss=MAE(),
            max_steps=200,
            learning_rate=sizes.RATE,
            batch_size=1,
            windows_batch_size=sizes.BATCH,
            val_check_steps=1000,
            callbacks=[Watch()],
            **QUIET,
        )
        NeuralForecast(models=[model], freq="h").fit(frame)
        return clocks[-1].rate() * sizes.BATCH

    return run


def keras(backend: str) -> Callable[[Path, int], Callable[[], float]]:
    """Return the contestant `LSTM` and `Dense` on one of Keras' backends; the second of two epochs counts."""

    def contestant(folder: Path, threads: int) -> Callable[[], float]:
        os.environ["KERAS_BACKEND"] = backend
        import keras

        if backend == "torch":
            import torch

            torch.set_num_threads(threads)
        if backend == "tensorflow":
            import tensorflow as tf

            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(threads)
        x, y = sizes.windows(sizes.read_values(folder))
        model = keras.Sequential(
            [keras.Input((sizes.WINDOW, 1)), keras.layers.LSTM(sizes.HIDDEN), keras.layers.Dense(sizes.HORIZON)]
        )
        model.compile(optimizer=keras.optimizers.Adam(sizes.RATE), loss="mae")
        rates: list[float] = []

        class Watch(keras.callbacks.Callback):
            began = 0.0

            def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
                self.began = now()

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                rates.append(len(x) / (now() - self.began))

        def run() -> float:
            model.fit(x, y, batch_size=sizes.BATCH, epochs=2, verbose=0, callbacks=[Watch()])
            return rates[-1]

        return run

    return contestant


CONTESTANTS: dict[str, dict[str, Callable[[Path, int], Callable[[], float]]]] = {
    "forecasting": {
        "Darts BlockRNNModel": darts,
        "NeuralForecast LSTM": neuralforecast,
        "Keras LSTM (jax)": keras("jax"),
        "Keras LSTM (tensorflow)": keras("tensorflow"),
        "Keras LSTM (torch)": keras("torch"),
    },
    "classification": {"skorch": skorch_classifier, "Keras LSTM (jax)": keras_classifier},
    "captioning": {"skorch": skorch_captioner, "Keras LSTM (jax)": keras_captioner},
}


def main() -> None:
    """Serve one contestant."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=CONTESTANTS)
    parser.add_argument("name")
    parser.add_argument("folder", type=Path)
    parser.add_argument("threads", type=int)
    chosen = parser.parse_args()
    hold_cores(chosen.threads)
    serve(CONTESTANTS[chosen.task][chosen.name](chosen.folder, chosen.threads))


if __name__ == "__main__":
    main()

"""Sound, in blocks of samples: the graph makes log-mel spectra of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import Field

from lstm_onnx.contract import Array, AudioSource, Axis, LengthsSource, TensorSpec
from lstm_onnx.data.sounds import FULL, as_pcm, in_blocks, read_sound, resampled
from lstm_onnx.errors import UserError
from lstm_onnx.features.feature import Stepped, mean_and_spread, spread_out
from lstm_onnx.features.log_mel import bank, log_mels

if TYPE_CHECKING:
    from torch import nn

_KEPT, _LONGEST_KEPT = 6, 16
"""Sounds of the training part that are kept for samples, and blocks of each: a run folder stays small."""
_STATISTICS = 512
"""Sounds of which means and spreads are found, at most."""
_THOUSAND = 1000


class Audio(Stepped):
    """Sound of one channel.

    A row of its column is the path of a WAV file of any rate, its bytes, a pair of samples and their rate, or samples
    of the rate of this feature: float from -1 to 1, or int16. The graph takes samples in blocks of `block`
    milliseconds, (batch, time, samples), which is how they lie in memory anyway, and how many blocks count; so a stream
    is fed a block or more at a time. `forward` gets `NAME` (batch, time, size): log-mel spectra, scaled, `frames` of
    them for each block; and how many blocks count, as `lengths` or, where the model takes several sequences, as
    `NAME_lengths`.
    """

    kind: Literal["audio"] = "audio"
    meaning: str = "sound"
    column: str | None = Field(None, description="column of a person's table, where it is not called as the feature")
    rate: int = Field(16_000, ge=4_000, le=192_000, description="samples a second that the graph takes")
    block: int = Field(20, ge=5, le=1000, description="milliseconds of a step")
    mels: int = Field(40, ge=4, le=256, description="bands of a spectrum")
    frames: int = Field(2, ge=1, le=16, description="spectra of a block")
    center: tuple[float, ...] | None = Field(None, description="mean of each band in training")
    spread: tuple[float, ...] | None = Field(None, description="standard deviation of each band in training")
    usual: int | None = Field(None, description="median number of blocks in training")
    kept: tuple[tuple[int, ...], ...] = Field((), description="beginnings of sounds of the training part, 16 bits")

    @property
    def samples(self) -> int:
        """Samples of a block."""
        return self.rate * self.block // _THOUSAND

    @property
    def _axis(self) -> str:
        return f"{self.name}_sample"

    @property
    def size(self) -> int:
        """Numbers at each step that `forward` sees."""
        return self.mels * self.frames

    @property
    def weight(self) -> int:
        """Bytes of a usual sound of the training part, prepared."""
        return (self.usual or 0) * self.samples * np.dtype(np.int16).itemsize

    def prepare(self, column: Sequence[Any]) -> list[Any]:
        """Turn each row into int16 (blocks, samples)."""
        return [in_blocks(as_pcm(self._read(row, k)), self.samples) for k, row in enumerate(column, start=1)]

    def _read(self, row: Any, number: int) -> Array:
        """Return the samples of a row, float32 (samples,)."""
        try:
            if isinstance(row, str | Path):
                return read_sound(Path(row), self.rate)
            if isinstance(row, bytes):
                return read_sound(row, self.rate)
        except UserError as error:
            raise UserError(f"read: example {number} of '{self.name}': {error}") from None
        samples, rate = row if isinstance(row, tuple) and len(row) == 2 else (row, self.rate)
        array = np.asarray(samples)
        if array.ndim != 1 or array.dtype.kind not in "fi" or not len(array):
            raise UserError(
                f"read: example {number} of '{self.name}' is {array.dtype} {array.shape}, and must be the path of a "
                "WAV file, its bytes, or samples of one channel"
            )
        if array.dtype.kind == "i":
            array = array / FULL
        return resampled(array.astype(np.float32), int(rate), self.rate)

    def spectra(self, row: Array) -> Array:
        """Return the log-mel spectra of a prepared row, not scaled: (blocks, size)."""
        return log_mels(row / np.float32(FULL), self.rate, self.mels, self.frames)

    def fit(self, column: Sequence[Any]) -> Self:
        """Learn mean and spread of each band, and the usual length."""
        some = np.unique(np.linspace(0, len(column) - 1, num=min(_STATISTICS, len(column))).round().astype(np.int64))
        rows = self.prepare([column[int(i)] for i in some])
        center, spread = mean_and_spread(np.concatenate([self.spectra(row) for row in rows]))
        kept = [rows[int(i)][:_LONGEST_KEPT] for i in spread_out(len(rows))]
        return self.model_copy(
            update={
                "center": tuple(float(f"{v:.7g}") for v in center),
                "spread": tuple(float(f"{v:.7g}") for v in spread),
                "usual": int(np.median([len(row) for row in rows])),
                "kept": tuple(tuple(map(int, row.ravel())) for row in kept[:: -(-len(kept) // _KEPT)]),
            }
        )

    def to_score(self) -> Self:
        """Leave out the samples."""
        return self.model_copy(update={"kept": ()})

    def tensors(self) -> tuple[TensorSpec, ...]:
        """Describe the blocks and how many count."""
        return (
            TensorSpec(
                name=self.name,
                dtype="float32",
                dims=("batch", self.steps, self._axis),
                meaning=f"{self.meaning}: samples of one channel, 16-bit values divided by {FULL:,}, {self.rate:,} a "
                f"second, {self.samples} a block",
                source=AudioSource(rate=self.rate, column=self.column or self.name),
            ),
            TensorSpec(
                name=self.lengths,
                dtype="int64",
                dims=("batch",),
                meaning="blocks of each sound",
                source=LengthsSource(axis=self.steps),
            ),
        )

    def axes(self) -> dict[str, Axis]:
        """Describe blocks and samples."""
        return {
            self.steps: Axis(
                example_size=min(self.usual or 1, _LONGEST_KEPT),
                meaning=f"blocks of {self.block} ms, the first first, the rest padding",
            ),
            self._axis: Axis(size=self.samples, meaning="samples of a block, in order"),
        }

    def length(self, row: Any) -> int:
        """Return the blocks of a prepared row."""
        return len(row)

    def collate(self, rows: Sequence[Any]) -> dict[str, Array]:
        """Pad the sounds with silence at their end to the longest."""
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        padded = np.zeros((len(rows), max(1, int(lengths.max(initial=0))), self.samples), dtype=np.float32)
        for place, row in zip(padded, rows, strict=True):
            place[: len(row)] = row
        return {self.name: padded / np.float32(FULL), self.lengths: lengths}

    def encoder(self) -> nn.Module:
        """Return what makes spectra."""
        from lstm_onnx.features.audio_coding import LogMel

        assert self.center is not None and self.spread is not None
        constants = bank(self.rate, self.samples, self.mels, self.frames)
        return LogMel(self.name, constants, self.center, self.spread)

    def sample(self, sizes: Mapping[str, int], random: np.random.Generator) -> dict[str, Array]:
        """Cut pieces from sounds of the training part, repeated where they are too short; lengths differ."""
        batch, steps = sizes["batch"], sizes.get(self.steps, min(self.usual or 1, _LONGEST_KEPT))
        values = np.zeros((batch, steps, self.samples), dtype=np.float32)
        for place in values:
            row = in_blocks(np.array(self.kept[int(random.integers(len(self.kept)))], dtype=np.float32), self.samples)
            begin = int(random.integers(len(row)))
            place[:] = row[(begin + np.arange(steps)) % len(row)] / FULL
        lengths = random.integers(1, steps + 1, size=batch)
        lengths[:1] = steps
        return {self.name: values, self.lengths: lengths}

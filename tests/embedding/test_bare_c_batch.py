"""Many rows in one call of plain C: together or one after the other, they are answered as each is alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from lstm_onnx.embedding.fixed_shapes import sizes_of
from lstm_onnx.embedding.generate import embed
from lstm_onnx.errors import UserError
from tests.embedding.harness import TARGETS
from tests.embedding.test_bare_c import need, sh
from tests.embedding.test_memory import FLAGS

pytest.importorskip("emx_onnx_cgen")
pytestmark = pytest.mark.skipif("bare-c" not in TARGETS, reason="another target is asked for")

TOGETHER = {"batch": "5"}  # four rows share the weights, and one is left over; the self-test goes on to a sixth


@pytest.mark.parametrize("model", ["adding", "traffic-streaming"])
def test_rows_together_are_answered_as_alone(models, model: str, tmp_path: Path) -> None:
    need("make", "gcc", "clang")
    written = embed(models[model], "bare-c", tmp_path / "out", settings=TOGETHER)
    sh("make CC=clang CFLAGS=-O0", written.folder)
    sh(f"make -B CC=gcc CFLAGS='-O0 {FLAGS}'", written.folder)
    said = sh(written.commands["self-test"][0], written.folder)
    assert "as a batch: ok" in said


def test_a_batch_that_answers_otherwise_fails_the_self_test(models, tmp_path: Path) -> None:
    need("make", "cc")
    written = embed(models["adding"], "bare-c", tmp_path / "out", settings=TOGETHER)
    source = written.folder / "adding.c"
    good = source.read_text()
    source.write_text(good.replace("sums_3[k] = LSTM_MULTIPLY_ADD(s3, w3,", "sums_3[k] = LSTM_MULTIPLY_ADD(s3, w2,"))
    assert source.read_text() != good
    with pytest.raises(AssertionError, match="as a batch: FAILED"):
        sh(f"make CFLAGS=-O0 && {written.commands['self-test'][0]}", written.folder)


@pytest.mark.parametrize("settings", [{}, TOGETHER])
def test_each_row_has_its_own_length(models, settings: dict[str, str], tmp_path: Path) -> None:
    need("cc")
    written = embed(models["series"], "bare-c", tmp_path / "out", settings=settings)
    size, call = sizes_of(written.project)["time"], f"series_{written.project.verb}"
    (written.folder / "caller.c").write_text(
        f"""#include <stdio.h>
#include <string.h>
#include "series.h"
enum {{ ROWS = 7, WIDTH = {size * 2} }};
int main(void)
{{
    static series_work work;
    static float values[ROWS * WIDTH];
    static series_answer alone[ROWS], many[ROWS];
    int64_t lengths[ROWS];
    for (int i = 0; i < ROWS * WIDTH; i++)
        values[i] = (float)(i * 7919 % 201 - 100) / 50.0f;
    for (int i = 0; i < ROWS; i++) {{
        lengths[i] = 2 + i * 5 % {size - 1};
        {call}(&work, values + i * WIDTH, lengths[i], alone + i);
    }}
    memset(many, 0xff, sizeof many);
    putchar({call}_batch(&work, ROWS, values, lengths, many) ? '1' : '0');
    double apart = 0;
    for (size_t i = 0; i < sizeof many / sizeof(float); i++) {{
        const double difference = ((const float *)many)[i] - ((const float *)alone)[i];
        if (!(difference <= apart && -difference <= apart))
            apart = difference < 0 ? -difference : difference;
    }}
    putchar(apart < 1e-5 ? '1' : '0');
    putchar({call}_batch(&work, 0, values, lengths, many) ? '1' : '0');
    lengths[ROWS - 1] = {size + 1};
    putchar({call}_batch(&work, ROWS, values, lengths, many) ? '1' : '0');
    return 0;
}}
"""
    )
    sh(f"cc -std=c99 {FLAGS} -o caller caller.c series.c -lm", written.folder)
    assert sh("./caller", written.folder) == "1110"


def test_a_batch_that_is_no_number_is_refused(models, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--set batch=many: must be how many rows .*, such as 8"):
        embed(models["series"], "bare-c", tmp_path / "out", settings={"batch": "many"})

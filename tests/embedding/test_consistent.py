"""A damaged file is refused in one line by every target, and never ends in a trace."""

from __future__ import annotations

import random
from pathlib import Path

import onnx
import pytest
from onnx import helper

from lstm_onnx.contract import METADATA_KEY
from lstm_onnx.embedding.generate import embed
from lstm_onnx.errors import UserError
from tests.embedding.harness import ROOT, TARGETS
from tests.embedding.models import monthly_model

FILE = ROOT / "exported" / "vowels-streaming.onnx"
TRITON = pytest.mark.skipif("triton" not in TARGETS, reason="another target is asked for")
AHEAD = '"name":"ahead","dtype":'
FUTURE = '"future":{"dtype":"float32","shape":[1,3,1],"values":['
DAMAGES = {
    f'{AHEAD}"int64"|{AHEAD}"int32"': "its graph has no input 'ahead' of type int32, which its contract describes",
    '"horizon":{"size":3|"horizon":{"size":4': "golden example 1: 'future' is of another type or shape",
    f'{FUTURE}0.0,|{FUTURE}"x",': "golden example 1: 'future' holds values that do not fit",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_parts_that_do_not_belong_together_are_named(tmp_path: Path, damage: str) -> None:
    model = onnx.load(monthly_model(tmp_path))
    text = next(p.value for p in model.metadata_props if p.key == METADATA_KEY)
    old, new = damage.split("|")
    assert old in text
    helper.set_model_props(model, {METADATA_KEY: text.replace(old, new, 1)})
    onnx.save(model, tmp_path / "odd.onnx")
    with pytest.raises(UserError) as refused:
        embed(tmp_path / "odd.onnx", "c", tmp_path / "out")
    assert DAMAGES[damage] in str(refused.value)
    assert not (tmp_path / "out").exists()


@TRITON
@pytest.mark.parametrize("seed", range(3))
def test_flipped_bits_make_no_trace(tmp_path: Path, seed: int) -> None:
    whole, chance = FILE.read_bytes(), random.Random(seed)
    begin, refusals = whole.find(METADATA_KEY.encode()), 0
    for _ in range(12):
        content = bytearray(whole)
        content[chance.randrange(begin, len(content))] ^= 1 << chance.randrange(8)
        (tmp_path / "odd.onnx").write_bytes(content)
        try:
            embed(tmp_path / "odd.onnx", "triton", tmp_path / "out", force=True)
        except UserError as error:
            refusals += 1
            assert len(str(error).splitlines()) == 1
    assert refusals

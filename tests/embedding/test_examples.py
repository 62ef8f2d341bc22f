"""What examples/embedded shows is what is written today; `python tools/embedded_examples.py` brings it up to date."""

from __future__ import annotations

import pytest

from lstm_onnx.embedding.registry import load_targets
from tests.embedding.harness import TARGETS
from tools.embedded_examples import MODELS, committed, generated


@pytest.mark.parametrize("target", [t for t in MODELS if t in TARGETS])
def test_an_example_is_as_it_is_written_today(target: str) -> None:
    shown, written = committed(target), generated(target)
    assert sorted(shown) == sorted(written)
    for name, content in written.items():
        assert shown[name] == content, f"{target}/{name}: run python tools/embedded_examples.py"


def test_every_target_of_ours_has_one() -> None:
    assert {t.name for t in load_targets()[0]} >= set(MODELS)
    assert len(MODELS) == 10
    for target in MODELS:
        assert all(b"\0" not in content for content in committed(target).values())
        assert "README.md" in committed(target)

"""A command made of a function: options from the fields of a model, which stand nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import typer
from pydantic import Field

from lstm_onnx.cli.command import make_command, spread_lists
from lstm_onnx.cli.console import Result, Shown, encode
from lstm_onnx.cli.predict import PredictOptions
from lstm_onnx.errors import UserError
from lstm_onnx.options import OnCommandLine, Options
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.training.options import TrainingOptions
from tests.cli.conftest import call


class Cooking(Options):
    to: Annotated[Path | None, OnCommandLine("out", short="o")] = Field(None, description="where to write [a:b:c]")
    minutes: int = Field(5, ge=1, lt=60, description="how long")
    heat: Literal["low", "high"] = Field("low", description="how hot")
    spices: tuple[Literal["salt", "pepper"], ...] = Field((), description="what goes in")
    weights: tuple[float, ...] = Field((1.5,), description="of each")
    notes: Annotated[Mapping[str, Any], OnCommandLine("set", metavar="NAME=VALUE")] = Field({}, description="more")
    salted: bool = Field(False, description="with salt")


@dataclass(frozen=True)
class Dish(Result):
    what: str
    options: Cooking

    def to_json(self) -> Iterable[str]:
        yield encode({"what": self.what, "ratio": float("nan")} | self.options.model_dump(mode="json"))

    def to_text(self) -> Iterable[Shown]:
        yield {"dish": self.what}


def cook(what: Annotated[str, typer.Argument(help="a dish")], *, options: Cooking) -> Dish:
    """Cook."""
    return Dish(what, options)


def cooked(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    make_command("cook", "Cook.", cook).main([*words], standalone_mode=False)
    return capsys.readouterr().out


def test_values_reach_the_function_as_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert cooked(capsys, "soup") == "dish  soup\n"
    words = ("-o", "x", "--minutes=7", "--spices=salt", "--spices=pepper", "--weights=2", "--salted", "--heat=high")
    assert cooked(capsys, "soup", *words, "--json") == (
        '{"what": "soup", "ratio": null, "to": "x", "minutes": 7, "heat": "high", "spices": ["salt", "pepper"], '
        '"weights": [2.0], "notes": {}, "salted": true}\n'
    )


def test_help_shows_what_the_fields_say(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    text = " ".join(cooked(capsys, "--help").replace("│", " ").split())
    assert "--out -o <path> where to write [a:b:c]" in text
    assert "--minutes <int> how long (≥ 1, < 60) [default: (5)]" in text
    assert "--heat <low|high> how hot [default: (low)]" in text
    assert "--spices <list[str]> what goes in (salt, pepper)" in text
    assert "--weights <list[float]> of each [default: (1.5)]" in text
    assert "--set NAME=VALUE more" in text
    assert "--salted <bool> with salt" in text and "--no-salted" not in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--minutes=0"], "--minutes 0: input should be greater than or equal to 1"),
        (["--minutes=60"], "--minutes 60: input should be less than 60"),
        (["--spices=sald"], "--spices sald: there is no such spices; did you mean 'salt'?"),
    ],
)
def test_bounds_are_those_of_the_model(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError) as error:
        cooked(capsys, "soup", *words)
    assert str(error.value) == says


def test_a_plugin_cannot_take_the_name_of_an_option() -> None:
    class Config(Options):
        what: int = 1

    with pytest.raises(UserError, match="option --what belongs to cook and to mine; rename it in the plugin"):
        make_command("cook", "Cook.", cook, {"mine": Config})


def test_list_options_take_several_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = [load_task("forecasting").task.Config, TrainingOptions]
    given = ["train", "--quantiles", "0.1", "0.5", "--epochs", "3", "--target", "a", "--target", "b", "c"]
    assert spread_lists(given, models, free=True) == [
        *("train", "--quantiles", "0.1", "--quantiles", "0.5", "--epochs", "3"),
        *("--target", "a", "--target", "b", "--target", "c"),
    ]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("")
    assert spread_lists(["--target", "a", "b", "a.csv"], models, free=True) == [
        "--target",
        "a",
        "--target",
        "b",
        "a.csv",
    ]
    keep = ["predict", "a.onnx", "--keep", "price", "store", "--top-k", "2"]
    assert spread_lists(keep, [PredictOptions])[2:6] == ["--keep", "price", "--keep", "store"]
    assert spread_lists(["--text", "one", "two"], [PredictOptions]) == ["--text", "one", "two"]
    assert spread_lists(["--spices", "salt", "pepper", "soup"], [Cooking]) == [
        *("--spices", "salt", "--spices", "pepper", "soup"),
    ]
    assert spread_lists(["--weights=1", "-2", "3", "soup"], [Cooking]) == [
        *("--weights=1", "--weights", "-2", "--weights", "3", "soup"),
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["export", "--variant", "int9"], "--variant int9: there is no such variant; did you mean 'int8'?"),
        (["bench", "x.onnx", "--provider", "cpuu"], "--provider cpuu: there is no such provider; did you mean 'cpu'?"),
        (["train", "--optimizer", "adan"], "--optimizer adan: there is no such optimizer; did you mean 'adam'?"),
        (["export", "--set", "beam"], "--set beam: expected NAME=VALUE"),
        (["export", "--max-drop", "-1"], "--max-drop -1.0: input should be greater than or equal to 0"),
        (["predict", "x.onnx", "--top-k", "0", "y.csv"], "--top-k 0: input should be greater than or equal to 1"),
    ],
)
def test_near_misses_and_bounds_of_our_commands(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = call(capsys, *words)
    assert (status, out) == (2, "")
    assert err.startswith(f"error: {says}") and err.count("\n") == 1

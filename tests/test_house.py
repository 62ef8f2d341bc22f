"""The documents say what the program does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import lstm_onnx
from lstm_onnx.cli.app import COMMANDS
from lstm_onnx.contract import Contract
from lstm_onnx.plugins import hookspecs
from lstm_onnx.plugins.entry_points import task_names
from lstm_onnx.task import Task

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_every_command_is_in_the_readme() -> None:
    assert {name for name in COMMANDS if f"`lstm-onnx {name}" not in README} == set()


def test_every_hook_is_in_the_readme_and_documented() -> None:
    hooks = [name for name in vars(hookspecs) if name.startswith("lstm_onnx_")]
    assert hooks
    for name in hooks:
        assert name in README
        assert (getattr(hookspecs, name).__doc__ or "").strip()


def test_every_member_of_task_is_documented() -> None:
    members = [m for m in vars(Task).values() if callable(m) and not m.__name__.startswith("_")]
    assert len(members) > 7
    assert [m.__name__ for m in members if not m.__doc__] == []


def test_every_key_of_the_contract_is_in_the_readme() -> None:
    section = README.split("## The contract")[1].split("\n## ")[0]
    keys = set(Contract.model_fields) - {"version"}
    assert {key for key in keys if f"`{key}`" not in section} == set()


def test_every_task_is_in_the_readme() -> None:
    assert {name for name in task_names() if f"--plugin {name}" not in README} == set()


def test_the_plugin_of_the_readme_is_the_one_that_is_tested() -> None:
    assert (ROOT / "examples" / "adding.py").read_text().strip() in README


@pytest.mark.parametrize("document", ["README.md", "exported/README.md", "benchmarks/README.md"])
def test_links_lead_somewhere(document: str) -> None:
    path = ROOT / document
    targets = re.findall(r"\]\(([^)#]+)\)", path.read_text())
    assert targets
    assert [t for t in targets if "://" not in t and not (path.parent / t).exists()] == []


def test_pinned_versions_are_within_the_ranges() -> None:
    from packaging.requirements import Requirement

    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    pinned = dict(line.split("==") for line in lines)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for requirement in map(Requirement, project["dependencies"]):
        assert requirement.name in pinned
        assert pinned[requirement.name] in requirement.specifier


def test_every_plugin_comes_in_by_its_entry_point_and_is_in_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    entries = project["project"]["entry-points"]["lstm_onnx"]
    packages = {p.name for p in (ROOT / "plugins").iterdir() if (p / "__init__.py").exists()}
    assert set(entries.values()) == packages
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(wheel) == {"lstm_onnx", *(f"plugins/{name}" for name in packages)}


def test_names_of_the_package_are_what_they_say_and_stay_so() -> None:
    """A room of the same name would take the place of the function as soon as it is imported."""
    names = set(lstm_onnx.__all__) - {"__version__"}
    assert {"train", "export", "verify", "evaluate", "load"} <= names
    assert {name for name in names if not callable(getattr(lstm_onnx, name))} == set()
    assert names & {path.stem for path in (ROOT / "lstm_onnx").iterdir()} == set()
    assert sorted(dir(lstm_onnx)) == sorted(lstm_onnx.__all__)


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = lstm_onnx.nothing

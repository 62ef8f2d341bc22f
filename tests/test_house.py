"""The project says of itself what is so: versions, entry points, public names."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import lstm_onnx
from lstm_onnx.version import __version__

ROOT = Path(__file__).parents[1]


def test_pinned_versions_are_within_the_ranges() -> None:
    from packaging.requirements import Requirement

    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    pinned = dict(line.split("==") for line in lines)
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, building = whole["project"], whole["build-system"]["requires"]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    asked = [Requirement(line) for line in (*project["dependencies"], *extras, *building)]
    assert sorted({r.name for r in asked if r.name not in pinned}) == []
    assert [str(r) for r in asked if pinned[r.name] not in r.specifier] == []


def test_what_is_installed_here_is_what_is_pinned() -> None:
    """Else the numbers that these tests vouch for are of other releases; what is not installed is left out."""
    from importlib.metadata import PackageNotFoundError, version

    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    found = {}
    for name, pin in (line.split("==") for line in lines):
        try:
            found[name] = (version(name).split("+")[0], pin)
        except PackageNotFoundError:
            continue
    assert {name: pair for name, pair in found.items() if pair[0] != pair[1]} == {}


def test_the_changelog_tells_of_this_version() -> None:
    releases = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert releases[0][0] == __version__
    assert all(day for _, day in releases)


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

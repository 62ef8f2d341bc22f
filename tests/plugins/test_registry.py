"""Plugins come in by one door: found by name, loaded alone, and the broken ones explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from lstm_onnx.cli.plugins import survey
from lstm_onnx.errors import UserError
from lstm_onnx.plugins.entry_points import task_names
from lstm_onnx.plugins.interface import INTERFACE
from lstm_onnx.plugins.registry import collected, load_task
from lstm_onnx.task import Task
from lstm_onnx.testing import check_task
from tests.conftest import ADDING, TINY

GOOD = ADDING.read_text()


def test_an_installed_plugin_is_found_by_name(install) -> None:
    install("pkg-good", "adding", GOOD)
    found = load_task("adding")
    assert found.task.name == "adding"
    assert found.origin == "pkg-good 1.0"
    listed = {p.name: p for p in survey()}["adding"]
    assert (listed.package, listed.version, listed.hooks, listed.problem) == (
        "pkg-good",
        "1.0",
        ("lstm_onnx_tasks",),
        None,
    )


def test_a_broken_plugin_is_explained_and_harms_no_other(install) -> None:
    install("pkg-broken", "broken", "import nothing_of_this_name\n")
    install("pkg-good", "adding", GOOD)
    with pytest.raises(UserError, match=r"plugin 'broken' of pkg-broken 1.0 does not load: ModuleNotFoundError"):
        load_task("broken")
    assert load_task("adding").task.name == "adding"
    problems = {p.name: p.problem for p in survey()}
    assert "nothing_of_this_name" in (problems["broken"] or "")
    assert problems["adding"] is None


def test_a_name_claimed_twice_names_both_packages(install) -> None:
    install("pkg-one", "adding", GOOD)
    install("pkg-two", "adding", GOOD)
    with pytest.raises(UserError, match="2 plugins are called 'adding', from pkg-one and pkg-two; uninstall one"):
        load_task("adding")
    assert {p.problem for p in survey() if p.name == "adding"} == {
        "the name is also claimed by pkg-one",
        "the name is also claimed by pkg-two",
    }


def test_a_plugin_for_a_newer_interface_is_refused_in_one_line(install, tmp_path: Path) -> None:
    told = f"is written for interface {INTERFACE + 1} of lstm_onnx.plugin, and this release has {INTERFACE}; update"
    install("pkg-later", "adding", GOOD + f"\nINTERFACE = {INTERFACE + 1}\n")
    with pytest.raises(UserError, match=f"pkg-later 1.0: {told}"):
        load_task("adding")
    assert told in ({p.name: p.problem for p in survey()}["adding"] or "")
    later = tmp_path / "later.py"  # which fails at its imports, before it has said anything
    later.write_text(f"from lstm_onnx.plugin import Hologram\n\nINTERFACE: int = {INTERFACE + 1}\n")
    with pytest.raises(UserError, match=rf"later\.py: {told}"):
        load_task("adding", later)
    later.write_text("INTERFACE = 'two'\n" + GOOD)
    with pytest.raises(UserError, match="its INTERFACE is 'two', and must be a whole number, such as"):
        load_task("adding", later)
    for known in range(1, INTERFACE + 1):
        later.write_text(f"INTERFACE = {known}\n" + GOOD)
        assert load_task("adding", later).task.name == "adding"
    later.write_text("from lstm_onnx.plugin import INTERFACE\n" + GOOD)
    assert load_task("adding", later).task.name == "adding"


def test_a_misspelt_hook_is_named(install) -> None:
    install("pkg-typo", "adding", GOOD.replace("def lstm_onnx_tasks", "def lstm_onnx_taks"))
    with pytest.raises(UserError, match="lstm_onnx_taks"):
        load_task("adding")


def test_a_task_under_another_name_than_its_entry_point(install) -> None:
    install("pkg-name", "summing", GOOD)
    with pytest.raises(UserError, match="brings no task called 'summing'; there is: adding"):
        load_task("summing")


def test_what_is_not_a_task_is_refused(install) -> None:
    text = "from lstm_onnx.plugin import hookimpl\n@hookimpl\ndef lstm_onnx_tasks():\n    return [3]\n"
    install("pkg-not", "x", text)
    with pytest.raises(UserError, match=r"returned 'int', which is not an lstm_onnx.plugin.Task"):
        load_task("x")
    install("pkg-none", "y", "")
    with pytest.raises(UserError, match="brings no task; mark a function lstm_onnx_tasks"):
        load_task("y")


def test_unknown_names_get_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no plugin is called 'forcasting'; did you mean 'forecasting'"):
        load_task("forcasting")
    with pytest.raises(UserError, match="no such plugin file"):
        load_task("x", tmp_path / "nothing.py")
    (tmp_path / "bad.py").write_text("1 +")
    with pytest.raises(UserError, match=r"bad\.py: does not load: SyntaxError"):
        load_task("x", tmp_path / "bad.py")


def test_the_example_of_the_readme_passes_what_plugins_must_pass(tmp_path: Path) -> None:
    check_task("adding", folder=tmp_path, plugin_file=ADDING, **TINY)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (', extra="forbid"', "", 'needs extra="forbid"'),
        ('description="units of the LSTM"', "description=None", "'hidden' has no description"),
        ("summary = ", 'small = {"hiden": 4}\n    summary = ', "`small` names 'hiden', which is no option"),
        (
            "np.random.default_rng(seed)\n        train",
            "np.random.default_rng()\n        train",
            "differs from one call",
        ),
        ('{"total": np.ones(', '{"total": 1 + np.zeros(', None),
        ('PrimaryMetric("mse"', 'PrimaryMetric("mean"', "mean"),
        ("self.lstm = LSTM(2, config.hidden)", "self.lstm = LSTM(2, config.hidden, dropout=0)", None),
    ],
)
def test_check_task_finds_what_breaks_a_rule(tmp_path: Path, old: str, new: str, complaint: str | None) -> None:
    assert old in GOOD
    plugin = tmp_path / "changed.py"
    plugin.write_text(GOOD.replace(old, new))
    (work := tmp_path / "work").mkdir()
    if complaint is None:  # a change that breaks nothing
        check_task("adding", folder=work, plugin_file=plugin, **TINY)
        return
    with pytest.raises((AssertionError, UserError), match=complaint):
        check_task("adding", folder=work, plugin_file=plugin, **TINY)


def test_a_changed_plugin_file_takes_the_place_of_its_earlier_state(tmp_path: Path) -> None:
    made = tmp_path / "changing.py"
    for summary in ("adds the two marked numbers of a sequence", "adds, and says so"):
        made.write_text(GOOD.replace("adds the two marked numbers of a sequence", summary))
        assert load_task("adding", made).task.summary == summary
    loaded = [t for t in collected("lstm_onnx_tasks", Task) if type(t).__module__.endswith("changing")]  # type: ignore[type-abstract]
    assert [t.summary for t in loaded] == ["adds, and says so"]


def test_a_plugin_that_was_refused_does_not_stay(tmp_path: Path) -> None:
    made = tmp_path / "misspelt.py"
    made.write_text(GOOD.replace("def lstm_onnx_tasks", "def lstm_onnx_taks"))
    for _ in range(2):
        with pytest.raises(UserError, match="lstm_onnx_taks"):
            load_task("adding", made)
    assert load_task("adding", ADDING).task.name == "adding"  # one that is sound is not held up by it


@pytest.mark.parametrize("name", task_names())
def test_each_task_of_ours_can_be_tried_in_seconds(name: str) -> None:
    task = load_task(name).task
    small, usual = (c.model_dump() for c in (task.Config.model_validate(task.small), task.Config()))
    assert small["hidden"] < usual["hidden"]
    assert [n for n in task.small if isinstance(usual[n], int) and small[n] > usual[n]] == []

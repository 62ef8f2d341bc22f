"""What the import contracts of pyproject.toml cannot say, and that each of them can fail.

`lint-imports` (in `make lint`) keeps the contracts. It reads sources; what importing really loads only Python sees.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import pairwise, permutations, product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTRACTS = {
    c["id"]: c for c in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}
PLUGINS = sorted(f.parent.name for f in (ROOT / "plugins").glob("*/__init__.py"))

PUBLIC = {
    "column_reading",
    "contract",
    "contract_clock",
    "contract_members",
    "data",
    "errors",
    "features",
    "nn",
    "plugin",
    "progress",
    "task",
}
"""The rooms of the core that plugins may stand on. The contract lists the others, so that a new room is decided on."""

NEED_TORCH = {
    "lstm_onnx.exporting.export",
    "lstm_onnx.features.audio_coding",
    "lstm_onnx.features.coding",
    "lstm_onnx.features.conformal",
    "lstm_onnx.features.hearing",
    "lstm_onnx.features.mixed",
    "lstm_onnx.features.module",
    "lstm_onnx.features.saying",
    "lstm_onnx.features.series_coding",
    "lstm_onnx.features.series_times",
    "lstm_onnx.features.tolerant_rows",
    "lstm_onnx.graph.export_errors",
    "lstm_onnx.graph.torch_export",
    "lstm_onnx.graph.torch_reference",
    "lstm_onnx.nn.beam_search",
    "lstm_onnx.nn.compact_cnn",
    "lstm_onnx.nn.crf",
    "lstm_onnx.nn.ctc",
    "lstm_onnx.nn.joint_search",
    "lstm_onnx.nn.kept_rows",
    "lstm_onnx.nn.letters",
    "lstm_onnx.nn.lstm",
    "lstm_onnx.nn.random_convolutions",
    "lstm_onnx.nn.reverse",
    "lstm_onnx.nn.sampling",
    "lstm_onnx.nn.tail",
    "lstm_onnx.testing",
    "lstm_onnx.training.adam",
    "lstm_onnx.training.checkpoint",
    "lstm_onnx.training.denormals",
    "lstm_onnx.training.devices",
    "lstm_onnx.training.ensemble",
    "lstm_onnx.training.going_on",
    "lstm_onnx.training.loop",
    "lstm_onnx.training.precision",
    "lstm_onnx.training.ready",
    "lstm_onnx.training.refit",
    "lstm_onnx.training.rehearsal",
    "lstm_onnx.training.restore",
    "lstm_onnx.training.several",
    "lstm_onnx.training.step",
    "lstm_onnx.training.tensor_files",
    "lstm_onnx.training.train",
    "lstm_onnx.training.validation",
    "lstm_onnx.training.workers",
    "lstm_onnx.tuning.tune",
    "lstm_onnx.verification.against_torch",
    "lstm_onnx.verification.torch_divergence",
}
"""The core's modules that load torch when they are imported. No other does, by whatever detour."""

HEAVY = {"torch", "onnx", "onnxruntime", "matplotlib", "polars", "jinja2", "PIL"}
LEFT_OUT = {
    "lstm_onnx": HEAVY,
    "lstm_onnx.cli.app": HEAVY,
    "lstm_onnx.inference.model": HEAVY - {"onnxruntime", "polars", "PIL"},
    "lstm_onnx.embedding.registry": HEAVY,
}
"""What importing a module must not load, so that help, lists and `predict` are there at once."""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter."""
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


def modules(package: Path) -> list[str]:
    files = (f.relative_to(package.parent).with_suffix("") for f in package.rglob("*.py"))
    return sorted(".".join(f.parts).removesuffix(".__init__") for f in files if f.name != "__main__")


def rooms() -> set[str]:
    """List what lies directly in the core: packages and modules."""
    return {m.split(".")[1] for m in modules(ROOT / "lstm_onnx") if "." in m} | {"__main__"}


# What importing really loads


@pytest.mark.parametrize("module", LEFT_OUT)
def test_importing_leaves_out(module: str) -> None:
    done = python("import sys\n__import__(sys.argv[1])\nprint(*sys.modules)", module)
    assert done.returncode == 0, done.stderr
    assert module in done.stdout.split()
    assert {m.partition(".")[0] for m in done.stdout.split()} & LEFT_OUT[module] == set()


def test_only_these_modules_need_torch() -> None:
    """Of a plugin, the package itself: `predict` and `--help` load it, and only training needs its model."""
    code = (
        "import sys, json\nsys.modules['torch'] = None\nfailed = {}\nfor m in sys.argv[1:]:\n"
        "    try: __import__(m)\n    except ImportError as e: failed[m] = str(e)\nprint(json.dumps(failed))"
    )
    done = python(code, *modules(ROOT / "lstm_onnx"), *PLUGINS)
    assert done.returncode == 0, done.stderr
    failed = json.loads(done.stdout)
    assert set(failed) == NEED_TORCH
    assert {m: why for m, why in failed.items() if "torch" not in why} == {}


def test_predict_runs_without_torch(tmp_path: Path) -> None:
    code = "import sys\nsys.modules['torch'] = None\nfrom lstm_onnx.cli.app import main\nmain()"
    data = ROOT / "plugins" / "lstm_onnx_forecasting" / "datasets" / "traffic.csv"
    done = python(code, "predict", str(ROOT / "exported" / "traffic.onnx"), str(data), "--out", f"{tmp_path}/t.csv")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "t.csv").read_text().count("\n") > 24


# Names, of which import-linter knows only the modules


def taken_from_core(source: str) -> Iterator[str]:
    """List the names that a source imports from modules of the core."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "lstm_onnx":
            yield from (alias.name for alias in node.names)


def test_plugins_take_no_private_name() -> None:
    names = [n for file in (ROOT / "plugins").rglob("*.py") for n in taken_from_core(file.read_text())]
    assert len(names) > 100
    assert [n for n in names if n.startswith("_")] == []


def test_core_names_no_plugin() -> None:
    for file in (ROOT / "lstm_onnx").rglob("*.py"):
        assert [name for name in PLUGINS if name in file.read_text()] == [], file.name


def test_every_room_is_for_plugins_or_not() -> None:
    others = {m.removeprefix("lstm_onnx.") for m in CONTRACTS["plugins-public"]["forbidden_modules"]}
    assert PLUGINS == sorted(CONTRACTS["plugins-public"]["source_modules"])
    assert rooms() - others == PUBLIC & rooms()


# Every contract can fail: breaches are planted in a copy of the tree

Breach = tuple[str, str, str]
"""Importing module, what it imports, and what `lint-imports` says of it."""


def breach(importer: str, imported: str) -> Breach:
    return importer, imported, f"{importer} is not allowed to import {imported}"


def floors() -> list[list[str]]:
    """Return the floors of the house that there are, highest first, each with its rooms."""
    floors = [re.findall(r"\w+", layer) for layer in CONTRACTS["layers"]["layers"]]
    return [there for floor in floors if (there := [f"lstm_onnx.{room}" for room in floor if room in rooms()])]


def breaches(contract: str) -> list[Breach]:
    match contract:
        case "layers":
            upward = [(low, high) for above, below in pairwise(floors()) for high, low in product(above, below)]
            across = [pair for floor in floors() for pair in permutations(floor, 2)]
            return [breach(*pair) for pair in upward + across]
        case "circles":
            return [
                (module, imported, f"No cycles are allowed in {package}.\n")
                for package, module, imported in [
                    ("lstm_onnx", "lstm_onnx.contract", "lstm_onnx.cli"),
                    ("lstm_onnx.verification", "lstm_onnx.verification.distance", "lstm_onnx.verification.verify"),
                    *((plugin, f"{plugin}.options", f"{plugin}.task") for plugin in PLUGINS),
                ]
            ]
        case "plugins-apart":
            return [breach(*pair) for pair in permutations(PLUGINS, 2)]
        case "core-alone":
            return [("lstm_onnx.errors", plugin, breach("lstm_onnx", plugin)[2]) for plugin in PLUGINS]
        case "plugins-public" | "light":
            pairs = product(CONTRACTS[contract]["source_modules"], CONTRACTS[contract]["forbidden_modules"])
            return [breach(*pair) for pair in pairs]
        case "front-door":
            inside = ["lstm_onnx.cli.app", *(f"{p}.task" for p in PLUGINS)]
            return [breach(module, "lstm_onnx") for module in inside]
    raise AssertionError(f"no breach is planted for the contract {contract}")


def lint(tree: Path) -> str:
    """Check the contracts of a tree and return what is said of them."""
    code = "from importlinter.cli import lint_imports_command\nlint_imports_command()"
    paths = {"PYTHONPATH": f"{tree}:{tree / 'plugins'}", "COLUMNS": "300"}
    command = [sys.executable, "-c", code, "--no-cache", "--no-logo"]
    done = subprocess.run(command, cwd=tree, env=os.environ | paths, capture_output=True, text=True, check=False)
    assert "Contracts: " in done.stdout, done.stdout + done.stderr
    assert (done.returncode == 0) == (" BROKEN" not in done.stdout)
    return done.stdout


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for folder in ("lstm_onnx", "plugins"):
        for file in (ROOT / folder).rglob("*.py"):
            target = tmp_path / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def plant(tree: Path, module: str, text: str) -> None:
    base = tree / ("" if module.partition(".")[0] == "lstm_onnx" else "plugins") / module.replace(".", "/")
    file = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    file.write_text(f"{file.read_text()}\n{text}\n")


def test_the_house_is_in_order(tree: Path) -> None:
    assert " BROKEN" not in lint(tree)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_breach_is_found(tree: Path, contract: str) -> None:
    planted = breaches(contract)
    for importer, imported, _ in planted:
        plant(tree, importer, f"def later():\n    import {imported}")
    found = lint(tree)
    assert f"{CONTRACTS[contract]['name']} BROKEN" in found
    assert [says for *_, says in planted if says not in found] == []


def test_a_room_without_a_floor_is_found(tree: Path) -> None:
    (tree / "lstm_onnx" / "attic.py").write_text("")
    assert "Imports point downwards BROKEN" in lint(tree)


def test_what_is_imported_for_types_alone_does_not_count(tree: Path) -> None:
    plant(tree, "lstm_onnx.task", "if TYPE_CHECKING:\n    from lstm_onnx.cli import app")
    assert " BROKEN" not in lint(tree)


def test_a_private_name_is_found() -> None:
    assert list(taken_from_core("def f():\n    from lstm_onnx.task import _x\n    from os import _exit")) == ["_x"]

"""Who may import whom: the layers of the core, plugins apart from each other, and torch only where it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import lstm_onnx

ROOT = Path(__file__).parents[1]
CORE, PLUGINS = ROOT / "lstm_onnx", ROOT / "plugins"

LAYERS = [  # a module imports from layers below its own, and from its own
    {"errors", "version"},
    {"contract", "files", "layers"},
    {"task", "differences", "times", "frequency", "settings", "tables", "hookspecs"},
    {"series", "tensors", "answers", "feed", "plugins", "run", "options"},
    {"eager", "describe", "scoring", "runtime", "devices", "onnx_graph", "report", "pictures"},
    {"training", "parity", "judge", "exporting", "testing"},
    {"commands", "cli", "__init__"},
]
WITH_TORCH = {"layers", "eager", "devices", "onnx_graph", "training", "exporting", "testing"}
PUBLIC = {"task", "layers", "contract", "errors", "tables", "series", "times", "frequency", "testing"}


def modules() -> list[str]:
    return sorted(p.stem for p in CORE.glob("*.py"))


def imports(path: Path, everywhere: bool) -> Iterator[str]:
    """Names of modules that a file imports: at the top only, or inside functions too; never for type checking alone."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree) if everywhere else _top(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _top(tree: ast.Module) -> Iterator[ast.stmt]:
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node


def core_imports(name: str) -> set[str]:
    found = {m.split(".")[1] for m in imports(CORE / f"{name}.py", False) if m.startswith("lstm_onnx.")}
    return found & set(modules())


def test_every_module_has_its_layer() -> None:
    assert sorted(m for layer in LAYERS for m in layer) == modules()


@pytest.mark.parametrize("name", modules())
def test_no_module_imports_from_above(name: str) -> None:
    rank = {m: k for k, layer in enumerate(LAYERS) for m in layer}
    assert {m for m in core_imports(name) if rank[m] > rank[name]} == set()


@pytest.mark.parametrize("name", modules())
def test_the_core_imports_no_plugin(name: str) -> None:
    assert not [m for m in imports(CORE / f"{name}.py", True) if m.startswith(("lstm_onnx_", "plugins"))]


@pytest.mark.parametrize("name", modules())
def test_torch_is_imported_only_where_it_is_needed(name: str) -> None:
    reached, left = set(), {name}
    while left:
        module = left.pop()
        reached.add(module)
        left |= core_imports(module) - reached
    loads_torch = any(
        m.split(".")[0] in ("torch", "safetensors") for r in reached for m in imports(CORE / f"{r}.py", False)
    )
    assert loads_torch == (name in WITH_TORCH)


PLUGIN_FILES = sorted(PLUGINS.rglob("*.py"))


@pytest.mark.parametrize("path", PLUGIN_FILES, ids=lambda p: str(p.relative_to(PLUGINS)))
def test_plugins_use_public_names_and_no_other_plugin(path: Path) -> None:
    own = path.relative_to(PLUGINS).parts[0]
    for module in imports(path, True):
        package, _, rest = module.partition(".")
        if package.startswith("lstm_onnx_"):
            assert package == own
        elif package == "lstm_onnx" and rest:
            first = rest.split(".")[0]
            assert first in PUBLIC or first in lstm_onnx.__all__, f"{path.name} imports {module}"


def test_every_plugin_comes_in_by_its_entry_point() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    entries = project["project"]["entry-points"]["lstm_onnx"]
    packages = {p.name for p in PLUGINS.iterdir() if (p / "__init__.py").exists()}
    assert set(entries.values()) == packages
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(wheel) == {"lstm_onnx", *(f"plugins/{name}" for name in packages)}


@pytest.mark.parametrize("module", ["lstm_onnx", "lstm_onnx.cli", "lstm_onnx.commands", "lstm_onnx_forecasting"])
def test_start_is_light(module: str) -> None:
    code = f"import sys, {module}; print([m for m in ('torch', 'onnxruntime', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["LSTM", "train", "resume", "export", "verify", "evaluate", "load"])
def test_lazy_names_are_functions_and_stay_so(name: str) -> None:
    """A module of the same name would take the place of the function as soon as it is imported."""
    code = f"import lstm_onnx as lo, lstm_onnx.commands, lstm_onnx.testing; print(callable(lo.{name}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = lstm_onnx.nothing

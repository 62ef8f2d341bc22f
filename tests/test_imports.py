"""Who may import whom, read from the sources of the core and of the plugins in this tree."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

ROOT = Path(__file__).parents[1]
CORE = "lstm_onnx"

RANKS = (
    {"cli"},
    {"commands", "testing"},
    {
        "bench_inputs",
        "benching",
        "checks",
        "culprit",
        "culprit_torch",
        "devices",
        "differences",
        "doctor",
        "eager",
        "embedding",
        "engines",
        "exporting",
        "failures",
        "generated_c",
        "judge",
        "onnx_graph",
        "parity",
        "pictures",
        "placement",
        "price",
        "quantization",
        "report",
        "rows",
        "runtime",
        "scoring",
        "streams",
        "trials",
        "training",
    },
    {
        "answers",
        "batching",
        "contract",
        "decoding",
        "describe",
        "digests",
        "embed",
        "fed",
        "feed",
        "feed_pictures",
        "feed_sequences",
        "files",
        "frequency",
        "graph_search",
        "half",
        "hookspecs",
        "layers",
        "nodes",
        "options",
        "picture_files",
        "plugins",
        "progress",
        "run",
        "samples",
        "sequences",
        "series",
        "settings",
        "stages",
        "tables",
        "targets",
        "task",
        "tensors",
        "times",
        "ts_format",
    },
    {"errors", "version"},
)
"""The core's modules, highest first. A module imports its own rank and those below, and never in a circle."""

NEED_TORCH = {
    "culprit_torch",
    "decoding",
    "devices",
    "eager",
    "exporting",
    "layers",
    "onnx_graph",
    "testing",
    "training",
}
"""The core's modules that load torch when they are imported. No other does, by whatever detour."""

PUBLIC = {
    "batching",
    "contract",
    "decoding",
    "errors",
    "files",
    "frequency",
    "layers",
    "picture_files",
    "progress",
    "sequences",
    "series",
    "tables",
    "task",
    "testing",
    "times",
    "ts_format",
}
"""The core's modules that a plugin may import from, besides what is in `lstm_onnx.__all__`."""

LEFT_OUT = {
    "lstm_onnx": {"torch", "onnx", "onnxruntime", "matplotlib", "polars", "jinja2"},
    "lstm_onnx.cli": {"torch", "onnx", "onnxruntime", "matplotlib", "polars", "jinja2"},
    "lstm_onnx.inference.model": {"torch", "onnx", "matplotlib"},
}
"""What importing a module must not load, as seen by Python itself."""

When = Literal["importing", "later", "typing"]


@dataclass(frozen=True)
class Import:
    """One import: of a module, or of a name in it; while its own module is imported, in a function, or for types."""

    module: str
    name: str | None
    when: When
    line: int

    @property
    def is_torch(self) -> bool:
        """Whether it loads torch, be it through another package as in `safetensors.torch`."""
        return "torch" in f"{self.module}.{self.name}".split(".")


Tree = dict[str, list[Import]]
"""What each module imports. A package goes by the name of the package."""


def read_tree(*packages: Path) -> Tree:
    """Read every module of the packages that lie in these folders."""
    sources = {}
    for package in packages:
        for file in sorted(package.rglob("*.py")):
            parts = file.relative_to(package.parent).with_suffix("").parts
            sources[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return {name: list(read_imports(name, file, set(sources))) for name, file in sources.items()}


def read_imports(module: str, file: Path, known: set[str]) -> Iterator[Import]:
    package = module if file.stem == "__init__" else module.rpartition(".")[0]

    def walk(node: ast.AST, when: When) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, None, when, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield Import(*((full, None) if full in known else (base, alias.name)), when, node.lineno)
        elif isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for child in node.body:
                yield from walk(child, "typing")
            for child in node.orelse:
                yield from walk(child, when)
        else:
            inside_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for child in ast.iter_child_nodes(node):
                yield from walk(child, "later" if inside_function and when == "importing" else when)

    yield from walk(ast.parse(file.read_text(encoding="utf-8")), "importing")


def top(module: str) -> str:
    return module.partition(".")[0]


def in_core(module: str) -> str:
    """Return the name by which the tables above know a module of the core."""
    return module.split(".")[1] if "." in module else "__init__"


def loaded(tree: Tree, module: str) -> dict[str, str]:
    """Return everything of the tree that importing a module loads, each with the one that asked for it."""
    asked_by, waiting = {module: module}, [module]
    while waiting:
        current = waiting.pop()
        parent = current.rpartition(".")[0]
        for target in [parent, *(i.module for i in tree[current] if i.when == "importing")]:
            if target in tree and target not in asked_by:
                asked_by[target] = current
                waiting.append(target)
    return asked_by


def torch_path(tree: Tree, module: str) -> str | None:
    """Say how importing a module comes to load torch, or None where it does not."""
    asked_by = loaded(tree, module)
    for end in sorted(asked_by):
        if any(i.is_torch and i.when == "importing" for i in tree[end]):
            chain = [end]
            while chain[-1] != module:
                chain.append(asked_by[chain[-1]])
            return " -> ".join([*reversed(chain), "torch"])
    return None


def upward(tree: Tree) -> list[str]:
    """List imports of the core that point to a higher rank, and those of the front door from inside the house."""
    rank = {name: number for number, names in enumerate(RANKS) for name in names}
    found = []
    for module, imports in tree.items():
        for i in imports:
            if top(module) != CORE or module == CORE or top(i.module) != CORE:
                continue
            if i.module == CORE:
                found.append(f"{module}:{i.line} imports {i.name or 'lstm_onnx'} from the package itself")
            elif rank[in_core(i.module)] < rank[in_core(module)]:
                found.append(f"{module}:{i.line} imports {i.module}, which ranks above it")
    return found


def circles(tree: Tree) -> list[str]:
    """List modules that load themselves, the package's own __init__ aside, which every module loads first."""
    found = []
    for module in tree:
        if module == top(module):
            continue
        direct = {i.module for i in tree[module] if i.when == "importing"} & set(tree) - {top(module)}
        pruned = {m: [] if m == top(m) else imports for m, imports in tree.items()}
        found += [f"{module} and {d} load each other" for d in sorted(direct) if module in loaded(pruned, d)]
    return found


def plugin_breaches(tree: Tree, public_names: set[str]) -> list[str]:
    """List what the core takes from a plugin, a plugin from another, or from the core's insides."""
    found = []
    for module, imports in tree.items():
        for i in imports:
            where, what = f"{module}:{i.line}", i.module if i.name is None else f"{i.module}.{i.name}"
            if top(i.module).startswith(f"{CORE}_") and top(i.module) != top(module):
                found.append(f"{where} imports {what}, a plugin")
            elif top(module) != CORE and top(i.module) == CORE:
                is_public = i.name in public_names if i.module == CORE else in_core(i.module) in PUBLIC
                if not is_public or (i.name or "").startswith("_"):
                    found.append(f"{where} imports {what}, which is not public")
    return found


def plugin_folders() -> list[Path]:
    return sorted(f.parent for f in (ROOT / "plugins").glob("*/__init__.py"))


def public_names() -> set[str]:
    module = ast.parse((ROOT / CORE / "__init__.py").read_text(encoding="utf-8"))
    for node in module.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    raise AssertionError("lstm_onnx has no __all__")


TREE = read_tree(ROOT / CORE, *plugin_folders())
CORE_MODULES = sorted({in_core(m) for m in TREE if top(m) == CORE and m != CORE})
LIGHT = sorted(m for m in TREE if top(m) == CORE and in_core(m) not in NEED_TORCH)
PLUGINS = [f.name for f in plugin_folders()]


def test_tables_name_every_module_once() -> None:
    ranked = sorted(name for names in RANKS for name in names)
    assert ranked == CORE_MODULES, "add the new module to RANKS, or take the old one out"
    assert set(CORE_MODULES) >= PUBLIC
    assert PLUGINS, "no plugin found: the rules for them would hold for want of any"


def test_core_imports_downwards() -> None:
    assert upward(TREE) == []


def test_nothing_is_imported_in_a_circle() -> None:
    assert circles(TREE) == []


def test_plugins_come_in_by_the_front_door() -> None:
    assert plugin_breaches(TREE, public_names()) == []


def test_core_knows_no_plugin_by_name() -> None:
    for file in (ROOT / CORE).rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert not [name for name in PLUGINS if name in text], file.name


@pytest.mark.parametrize("module", LIGHT)
def test_light_module_does_not_load_torch(module: str) -> None:
    assert torch_path(TREE, module) is None


@pytest.mark.parametrize("module", sorted(NEED_TORCH))
def test_module_that_is_said_to_load_torch_does(module: str) -> None:
    assert torch_path(TREE, f"{CORE}.{module}"), "it is light: take it out of NEED_TORCH"


@pytest.mark.parametrize("plugin", PLUGINS)
def test_plugin_is_found_without_torch(plugin: str) -> None:
    """`predict` and `--help` load the plugin; only training needs its model."""
    assert torch_path(TREE, plugin) is None


def modules_after(*imports: str) -> set[str]:
    """Import modules in a fresh interpreter and return what it has loaded, by the name of the top package."""
    code = f"import sys\nfor m in {imports!r}: __import__(m)\nprint(*{{m.partition('.')[0] for m in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("module", LEFT_OUT)
def test_python_itself_sees_what_is_left_out(module: str) -> None:
    assert not LEFT_OUT[module] & modules_after(module)


def test_python_itself_sees_no_torch_after_all_light_modules() -> None:
    found = modules_after(*LIGHT, *PLUGINS)
    assert "torch" not in found
    assert {CORE, *PLUGINS} <= found


@pytest.fixture
def house(tmp_path: Path):
    """Build a small tree with one file changed, and read it."""

    def build(path: str, text: str) -> Tree:
        files = {
            "lstm_onnx/__init__.py": "from lstm_onnx.task import Task\n",
            "lstm_onnx/errors.py": "",
            "lstm_onnx/task.py": "from lstm_onnx.errors import UserError\n",
            "lstm_onnx/layers.py": "import torch\n",
            "lstm_onnx/parity.py": "def f():\n    from lstm_onnx.nn.lstm import LSTM\n",
            "lstm_onnx_a/__init__.py": "from lstm_onnx import Task\nfrom lstm_onnx_a.data import x\n",
            "lstm_onnx_a/data.py": "from lstm_onnx.errors import UserError\n",
            "lstm_onnx_b/__init__.py": "",
        }
        files[path] += text
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(content, encoding="utf-8")
        return read_tree(*(tmp_path / name for name in ("lstm_onnx", "lstm_onnx_a", "lstm_onnx_b")))

    return build


def breaches(tree: Tree) -> list[str]:
    reached = (torch_path(tree, m) for m in tree if in_core(m) not in NEED_TORCH)
    return [*upward(tree), *circles(tree), *plugin_breaches(tree, {"Task"}), *filter(None, reached)]


def test_a_house_in_order_has_no_breaches(house) -> None:
    assert breaches(house("lstm_onnx/errors.py", "")) == []


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        (
            "lstm_onnx/task.py",
            "from lstm_onnx.verification.verify import f",
            "lstm_onnx.verification.verify, which ranks above it",
        ),
        ("lstm_onnx/task.py", "from lstm_onnx import parity", "lstm_onnx.verification.verify, which ranks above it"),
        ("lstm_onnx/task.py", "from .parity import f", "lstm_onnx.verification.verify, which ranks above it"),
        ("lstm_onnx/task.py", "from . import parity", "lstm_onnx.verification.verify, which ranks above it"),
        (
            "lstm_onnx/task.py",
            "def g():\n    import lstm_onnx.verification.verify",
            "lstm_onnx.verification.verify, which ranks above it",
        ),
        ("lstm_onnx/task.py", "if TYPE_CHECKING:\n    import lstm_onnx.verification.verify", "which ranks above it"),
        ("lstm_onnx/parity.py", "from lstm_onnx import Task", "imports Task from the package itself"),
        ("lstm_onnx/layers.py", "import lstm_onnx.task\nimport lstm_onnx.nn.lstm", "load each other"),
        ("lstm_onnx/parity.py", "import lstm_onnx_a", "imports lstm_onnx_a, a plugin"),
        ("lstm_onnx/parity.py", "def g():\n    from lstm_onnx_a.data import x", "lstm_onnx_a.data.x, a plugin"),
        ("lstm_onnx_b/__init__.py", "import lstm_onnx_a.data", "imports lstm_onnx_a.data, a plugin"),
        (
            "lstm_onnx_a/data.py",
            "from lstm_onnx.verification.verify import f",
            "lstm_onnx.verification.verify.f, which is not public",
        ),
        ("lstm_onnx_a/data.py", "from lstm_onnx import parity", "lstm_onnx.verification.verify, which is not public"),
        ("lstm_onnx_a/data.py", "from lstm_onnx import _LAZY", "lstm_onnx._LAZY, which is not public"),
        ("lstm_onnx_a/data.py", "from lstm_onnx.task import _x", "lstm_onnx.task._x, which is not public"),
        ("lstm_onnx/errors.py", "import torch.nn", "lstm_onnx.task -> lstm_onnx.errors -> torch"),
        ("lstm_onnx/errors.py", "try:\n    from safetensors import torch\nfinally:\n    pass", "-> torch"),
        ("lstm_onnx/errors.py", "if TYPE_CHECKING:\n    pass\nelse:\n    import torch", "-> torch"),
        ("lstm_onnx/errors.py", "class A:\n    import torch", "-> torch"),
        (
            "lstm_onnx/parity.py",
            "from lstm_onnx.nn.lstm import LSTM",
            "lstm_onnx.verification.verify -> lstm_onnx.nn.lstm -> torch",
        ),
        ("lstm_onnx_a/data.py", "from safetensors.torch import save", "lstm_onnx_a -> lstm_onnx_a.data -> torch"),
    ],
)
def test_a_breach_is_found(house, path: str, text: str, says: str) -> None:
    assert any(says in b for b in breaches(house(path, text))), breaches(house(path, text))


def test_imports_in_functions_and_for_types_do_not_count_as_loading(house) -> None:
    text = "def f():\n    import torch\nif TYPE_CHECKING:\n    from torch import nn\nasync def g():\n    import torch\n"
    assert breaches(house("lstm_onnx/errors.py", text)) == []

"""A small trained run and its exported file, made once for all tests that only read them."""

from __future__ import annotations

import base64
import functools
import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, settings

import lstm_onnx as lo
from lstm_onnx.data.atomic_files import make_folder, write_atomically
from tests import distribution
from tests.trained import measured_parts, parts, sets_run, sides, sides_run, told_sides

__all__ = ["measured_parts", "parts", "sets_run", "sides", "sides_run", "told_sides"]
"""Fixtures of runs that several rooms of the tests share."""

for _name, _examples, _fixed in (("same", 60, True), ("search", 3000, False)):
    _quiet = [HealthCheck.function_scoped_fixture]
    settings.register_profile(
        _name, max_examples=_examples, derandomize=_fixed, deadline=None, suppress_health_check=_quiet
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
"""A change is judged by the same drawn cases each time; `make search` looks for new ones."""

EXAMPLES = Path(__file__).parents[1] / "examples"
ADDING = Path(__file__).with_name("adding.py")
"""The adding problem without features: a `Task` that makes its graphs itself."""
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg==")
"""The smallest picture that there is, as a PNG."""
TINY = {"hidden": 6, "longest": 8, "count": 256}


@pytest.fixture(autouse=True, scope="session")
def _own_configuration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Remember no plugin file of a test in the user's own configuration."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSTM_ONNX_CONFIG", str(tmp_path_factory.mktemp("config")))
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    distribution.slow_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return distribution.scheduler(config, log)


def pytest_collection_finish() -> None:
    """Leave what thousands of tests and their libraries are out of the search for garbage: it took 7% of an export."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _operators_parsed_once() -> Iterator[None]:
    """Let PyTorch's exporter parse its library of ONNX operators once a process: 0.4 s of each export."""
    from torch.onnx._internal.exporter import _registration

    library: Any = _registration.onnxscript_apis  # a module that is loaded when something of it is asked for
    read = functools.cache(lambda: type(library).__getattr__(library, "get_torchlib_ops")())
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(vars(library), "get_torchlib_ops", read)
        yield


@pytest.fixture(autouse=True, scope="module")
def _pictures_of_runs_unpainted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a training make its figures, and paint them in modules of tests marked `paints` alone.

    Painting is what matplotlib does, and took most of a small training. Every task's figures are painted where the
    documents train it.
    """
    from lstm_onnx.training import loop, plots

    draw_run = plots.draw_run

    def leave_a_pixel(_: object, path: Path) -> Path:
        make_folder(path.parent)
        write_atomically(path, PIXEL)
        return path

    def unpainted(*given: Any) -> list[Path]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(plots, "save_figure", leave_a_pixel)
            return draw_run(*given)

    with pytest.MonkeyPatch.context() as patch:
        if not request.node.get_closest_marker("paints"):
            patch.setattr(loop, "draw_run", unpainted)
        yield


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def adding_run(tmp_path_factory: pytest.TempPathFactory):
    runs = tmp_path_factory.mktemp("runs")
    return lo.train("adding", plugin_file=ADDING, **TINY, epochs=2, threads=1, runs=runs)


@pytest.fixture(scope="session")
def adding_file(adding_run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lo.export(adding_run, tmp_path_factory.mktemp("exported") / "adding.onnx").path


@pytest.fixture(scope="session")
def ray_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """Start a Ray cluster of one node and two processors; hand out its address, and the process that started it.

    Ray gives a node's helpers 15 seconds to come up, and each imports jsonschema. So what that would compile a grammar
    with, for two seconds of a processor in each, is left out, and a start that took too long is tried again.
    """
    pytest.importorskip("ray")
    lean = tmp_path_factory.mktemp("lean")
    (lean / "rfc3987_syntax.py").write_text("raise ImportError('left out')\n")
    command = [sys.executable, str(Path(__file__).with_name("ray_node.py"))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")  # reached from this machine alone
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(lean), *sys.path])}
        for _ in range(4):
            with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, env=environment) as node:
                assert node.stdin is not None and node.stdout is not None
                if address := node.stdout.readline().strip():
                    yield address, node.pid
                    node.stdin.close()
                    return
        pytest.fail("no Ray node came up in four tries")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Install a package of one module with an entry point, as pip would."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(package: str, name: str, source: str) -> None:
        module = package.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[lstm_onnx]\n{name} = {module}\n")

    yield install
    for name in [m for m in sys.modules if m.startswith("pkg_")]:
        del sys.modules[name]

"""What only the JavaScript program has: types that a compiler takes, and answers while a stream still runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.embedding.harness import NODE, TARGETS, Workshop
from tests.embedding.models import MAKERS

pytestmark = pytest.mark.skipif(
    "node" not in TARGETS or shutil.which("node") is None or not NODE.is_dir(),
    reason="needs node, and what tools/node_packages brings",
)


@pytest.mark.parametrize("model", ["traffic", "traffic-streaming", "news", *MAKERS])
def test_types_fit_the_function_and_the_runtime(workshop: Workshop, models: dict[str, Path], model: str) -> None:
    """The declared types pass in strict mode, and a use of them that is wrong does not."""
    folder = workshop.program(models[model], "node").folder
    module = workshop.program(models[model], "node").project.id
    (folder / "use.ts").write_text(
        f'import {{ open }} from "./{module}.js";\nexport const model = await open("model.onnx");\n'
        "// @ts-expect-error: a number is no model\nawait open(1);\n"
    )
    options = "--noEmit --strict --target es2022 --module nodenext --moduleResolution nodenext --types node use.ts"
    checked = subprocess.run(
        ["node", NODE / "node_modules/typescript/bin/tsc", *options.split()],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout) == (0, "")


def test_a_row_is_answered_before_the_next_one_comes(workshop: Workshop, models: dict[str, Path]) -> None:
    program = workshop.program(models["traffic-streaming"], "node")
    header, first, second, *_ = program.example.splitlines()
    with subprocess.Popen(
        ["node", "main.js"],
        cwd=program.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ,
    ) as running:
        assert running.stdin and running.stdout
        running.stdin.write(f"{header}\n{first}\n")
        running.stdin.flush()
        assert running.stdout.readline().startswith("at,")
        assert running.stdout.readline().startswith(first.split(",")[0][:16])
        for _ in range(23):  # the other hours ahead
            running.stdout.readline()
        running.stdin.write(f"{second}\n")
        running.stdin.close()
        assert running.stdout.readline().startswith(second.split(",")[0][:16])
        running.stdout.read()
    assert running.returncode == 0

"""The target `bare-c`: plain C99 without any runtime, for microcontrollers and the smallest WebAssembly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.embedding.bare_packages import C_FILES, PACKAGES
from lstm_onnx.embedding.target import EmbedTarget, Refusal, templates_in

if TYPE_CHECKING:
    from lstm_onnx.embedding.project import Project  # loads what reads tables, which a list of targets does without


@dataclass(frozen=True)
class BareC(EmbedTarget):
    """Generates C for one size of each free axis, and compiles golden examples of those sizes in.

    Attributes:
        package: what the C is packed as; "c" is none of `PACKAGES`, but a program in C.
    """

    package: str = "c"

    def chosen(self, settings: Mapping[str, str]) -> EmbedTarget:
        """Take the commands and tools of the package."""
        package = PACKAGES.get(settings.get("package", "c"))
        if package is None:
            return self
        return replace(
            self,
            package=package.name,
            needs=f"{package.needs}; here the Python package emx-onnx-cgen",
            build=package.build,
            program=package.program,
            tools=package.tools,
            more=package.more,
            reads=False,
        )

    def layout(self) -> dict[str, str]:
        """Write the C, and what makes a package of it."""
        package = PACKAGES.get(self.package)
        if package is None:
            return super().layout()
        own = f"_packages/{package.name}"
        return {
            **{f"{package.folder}{name}": name for name in C_FILES},
            **package.takes,
            **{name: f"{own}/{name}" for name in templates_in(self.templates / own)},
        }

    def fit(self, project: Project, model: bytes) -> Project:
        """Fix the free axes."""
        from lstm_onnx.embedding.fixed_shapes import fixed, fixed_sizes

        for port in (*project.inputs, *project.outputs):
            if port.dtype == "float16":
                raise Refusal(f"C has no type for the float16 of {port.name}; export --variant fp32")
        return fixed(project, fixed_sizes(project))

    def context(self, project: Project, model: bytes) -> dict[str, object]:
        """Generate the C of the graph, and write golden examples as C has them."""
        from lstm_onnx.embedding.c_source import plain_c  # loads onnx, which a list of targets does without
        from lstm_onnx.embedding.fixed_shapes import fixed_examples, fixed_model, sizes_of

        sizes = sizes_of(project)
        graph = plain_c(fixed_model(model, sizes))
        examples = fixed_examples(project.contract, model, sizes)
        golden = {
            port.id: [list(c_lines(example[place][port.name])) for example in examples]
            for place, ports in enumerate((project.inputs, project.outputs))
            for port in ports
        }
        return {"graph": graph, "golden": golden, "golden_count": len(examples), "sizes": sizes}

    def files(self, project: Project, model: bytes, contract: str) -> dict[str, bytes]:
        """Return the contract; the model and its golden examples are in the program."""
        return {"model.json": f"{contract}\n".encode()}

    def notes(self, project: Project) -> tuple[str, ...]:
        """Say which sizes were fixed."""
        from lstm_onnx.embedding.fixed_shapes import sizes_of

        sizes = ", ".join(f"{name} {size}" for name, size in sizes_of(project).items())
        return (f"the code is for {sizes}",) if sizes else ()


def c_lines(array: Array, room: int = 100) -> Iterator[str]:
    """Write the values of an array as C does, a line at a time."""
    line = ""
    for value in array.ravel():
        cell = c_value(value)
        if line and len(line) + 2 + len(cell) > room:
            yield f"{line},"
            line = ""
        line += f", {cell}" if line else cell
    yield line


def c_value(value: Any) -> str:
    """Write a number so that C reads the same one."""
    if isinstance(value, np.bool_):
        return "true" if value else "false"
    if not isinstance(value, np.floating):
        if value == -(2**63):  # a minus is no part of a number in C
            return "INT64_MIN"
        return f"{value}" if abs(int(value)) < 2**31 else f"INT64_C({value})"
    if not np.isfinite(value):
        return "NAN" if np.isnan(value) else "INFINITY" if value > 0 else "-INFINITY"
    return f"{value!s}f" if value.dtype == np.float32 else str(value)

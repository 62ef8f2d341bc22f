"""The target `bare-c`: plain C99 without any runtime, for microcontrollers and the smallest WebAssembly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.embedding.bare_packages import C_FILES, PACKAGES
from lstm_onnx.embedding.target import EmbedTarget, Refusal, templates_in
from lstm_onnx.errors import UserError

if TYPE_CHECKING:
    # loads what reads tables, which a list of targets does without
    from lstm_onnx.embedding.int8_weights import Int8
    from lstm_onnx.embedding.project import Port, Project

MOST_MOVED = "2"
"""Percent by which int8 weights may move the golden answers, where nothing else is chosen."""


@dataclass(frozen=True)
class BareC(EmbedTarget):
    """Generates C for one size of each free axis, and compiles golden examples of those sizes in.

    Attributes:
        package: what the C is packed as; "c" is none of `PACKAGES`, but a program in C.
    """

    package: str = "c"

    def chosen(self, settings: Mapping[str, str]) -> EmbedTarget:
        """Take the commands and tools of the package.

        Raises:
            UserError: something was chosen of another package.
        """
        name = settings.get("package", "c")
        package = PACKAGES.get(name)
        if "module" in settings and name != "go":
            raise UserError(
                f"--set module={settings['module']}: the package {name} has none; choose --set package=go too"
            )
        if int(settings.get("batch", "1")) > 1 and package and not package.batches:
            raise UserError(f"--set batch={settings['batch']}: the package {name} has no function for it; leave it out")
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
        if batch_of(project) > 1 and has_int8(project):
            raise Refusal("int8 weights are for one row at a time; leave --set batch out, or --set weights=int8")
        if batch_of(project) > 1:
            _refuse_together(project)
        stored = int8_of(project, model)
        remarks = (stored.remark,) if stored is not None else ()
        return replace(fixed(project, fixed_sizes(project)), remarks=remarks)

    def context(self, project: Project, model: bytes) -> dict[str, object]:
        """Generate the C of the graph, and write golden examples as C has them."""
        from lstm_onnx.embedding.c_source import plain_c  # loads onnx, which a list of targets does without
        from lstm_onnx.embedding.fixed_shapes import fixed_examples, fixed_model, sizes_of

        sizes = sizes_of(project)
        name, batch = batch_axis(project), batch_of(project)
        stored = int8_of(project, model)
        if stored is not None:
            model = stored.content
        together = fixed_model(model, sizes | {name: batch} if batch > 1 else sizes)
        graph = plain_c(together, batch if batch > 1 else None, stored is not None)
        examples = fixed_examples(project.contract, model, sizes)
        golden = {
            port.id: [list(c_lines(example[place][port.name])) for example in examples]
            for place, ports in enumerate((project.inputs, project.outputs))
            for port in ports
        }
        rows = {port.id: _Row.of(port, name) for port in (*project.inputs, *project.outputs)}
        counts = {"golden_count": len(examples), "batch": batch}
        return {"graph": graph, "golden": golden, "sizes": sizes, "in_batch": rows, "stored": stored, **counts}

    def files(self, project: Project, model: bytes, contract: str) -> dict[str, bytes]:
        """Return the contract, and the model that has int8 weights; what else there is, is in the program."""
        stored = int8_of(project, model)
        scored = {"model-int8.onnx": stored.content} if stored is not None else {}
        return {"model.json": f"{contract}\n".encode(), **scored}

    def notes(self, project: Project) -> tuple[str, ...]:
        """Say which sizes were fixed, and what int8 weights cost."""
        from lstm_onnx.embedding.fixed_shapes import sizes_of

        sizes = ", ".join(f"{name} {size}" for name, size in sizes_of(project).items())
        return (*([f"the code is for {sizes}"] if sizes else []), *project.remarks)


@dataclass(frozen=True)
class _Row:
    """How a row of a batch lies in an array of (outer, batch, inner): how many pieces, and how many values in each."""

    outer: int
    inner: int

    @classmethod
    def of(cls, port: Port, batch: str) -> _Row | None:
        """The row of a port, or None where it has no such axis, and all rows share it."""
        at = next((k for k, dim in enumerate(port.dims) if dim.name == batch), None)
        sizes = [dim.size or 1 for dim in port.dims]
        return cls(prod(sizes[:at]), prod(sizes[at + 1 :])) if at is not None else None


def batch_axis(project: Project) -> str:
    """Return the name of the axis that runs over rows of a batch: the first of the first input."""
    return project.given[0].dims[0].name


def batch_of(project: Project) -> int:
    """Return how many rows are computed together."""
    return int(project.settings.get("batch", "1"))


def has_int8(project: Project) -> bool:
    """Return whether weights are kept as bytes."""
    return project.settings.get("weights") == "int8"


def int8_of(project: Project, model: bytes) -> Int8 | None:
    """Return the model with weights for bytes, if that was chosen.

    Raises:
        Refusal: it has none, or its answers would move too far.
    """
    if not has_int8(project):
        return None
    from lstm_onnx.embedding.int8_weights import with_int8_weights  # loads onnx

    return with_int8_weights(model, project.contract, float(project.settings.get("moved", MOST_MOVED)))


def _refuse_together(project: Project) -> None:
    """Refuse to compute rows together that are not apart in every input and every state."""
    name = batch_axis(project)
    if name not in {dim.name for dim in project.free}:
        raise Refusal(f"its axis {name} has one size; leave --set batch out")
    for port in (*project.inputs, *(after for _, after in project.states)):
        if name not in {dim.name for dim in port.dims}:
            raise Refusal(f"all rows of a batch share {port.name}; leave --set batch out, and call it for each")


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

"""From a run folder to `.onnx` files that say what they are, each proved before anything is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

import onnx

from lstm_onnx import renamed
from lstm_onnx.compatibility.examine import refuse_misfits
from lstm_onnx.contract import Contract, Scores, Tolerance, Variant, to_json
from lstm_onnx.data.atomic_files import make_folder, write_together
from lstm_onnx.data.given import given_path
from lstm_onnx.errors import UserError
from lstm_onnx.evaluation.variant_quality import QualityDrop
from lstm_onnx.exporting.destination import paths_for, refuse_overwriting
from lstm_onnx.exporting.exported import Exported
from lstm_onnx.exporting.golden_examples import golden_examples
from lstm_onnx.exporting.opsets import LOWEST_OPSET, lowest_ir
from lstm_onnx.exporting.options import ExportOptions
from lstm_onnx.exporting.proof import proof_of
from lstm_onnx.exporting.quantization import PLANS, quantize, require_quantizable
from lstm_onnx.graph.float16 import store_half
from lstm_onnx.graph.model_file import add_contract, read_contract
from lstm_onnx.graph.subgraphs import needed_opset
from lstm_onnx.graph.torch_export import to_onnx, traced_example
from lstm_onnx.graph.torch_reference import torch_reference
from lstm_onnx.inference.session import session_answer
from lstm_onnx.options import resolve
from lstm_onnx.task import GraphSpec
from lstm_onnx.training.given_runs import Runs, given_runs, name_of
from lstm_onnx.training.restore import Restored, graph_for, restore_together
from lstm_onnx.training.run_contract import describe, scoring_facts, with_members
from lstm_onnx.verification.fingerprints import fingerprints
from lstm_onnx.verification.verify import verify_bytes

INT8_TOLERANCE = Tolerance(rtol=0.05, atol=1e-3)
"""Of golden examples of int8 files, which ONNX Runtime answered itself: how its kernels round activations depends on
thread, batch and CPU. It finds a wrong scale, not a wrong digit; the metric is what an int8 file is judged by."""


@overload
def export(
    run: Runs = None,
    to: str | Path | None = None,
    *,
    variant: Variant = "fp32",
    runs: str | Path = "runs",
    **fields: Any,
) -> Exported: ...


@overload
def export(
    run: Runs = None,
    to: str | Path | None = None,
    *,
    variant: Sequence[Variant],
    runs: str | Path = "runs",
    **fields: Any,
) -> list[Exported]: ...


@overload
def export(
    run: Runs = None,
    to: str | Path | None = None,
    *,
    options: ExportOptions,
    runs: str | Path = "runs",
    **fields: Any,
) -> Exported | list[Exported]: ...


def export(
    run: Runs = None,
    to: str | Path | None = None,
    *,
    options: ExportOptions | None = None,
    runs: str | Path = "runs",
    **fields: Any,
) -> Exported | list[Exported]:
    """Write a run as an `.onnx` file, with its contract in it and beside it, or as several variants of one.

    `variant="int8"` writes one file and returns it; `variant=["fp32", "int8"]` writes several, all of them or nothing,
    and returns a list, however long it is. An options object counts as one variant if it has one.

    Args:
        run: run, or its folder; None takes the newest one in `runs`. Several runs, or a folder of several, become one
            file, whose answer is that of all of them together.
        to: file to write; None means `exported/NAME.onnx`. Where this is not the only file, variants other than fp32
            add their name: `NAME-int8.onnx`.
        options: what to write.
        runs: where to look for the newest run.
        **fields: fields of `ExportOptions`, instead of the object or on top of it.

    Raises:
        UserError: there is no such run, it cannot be exported so, or a variant loses too much.
        ParityError: a file would not answer as PyTorch does.
    """
    if "out" in fields:
        renamed.warn("export(out=...)", "export(to=...)")
        to = fields.pop("out")
    chosen = resolve(ExportOptions, options, fields, "export")
    made = export_all(run, to, runs, options=chosen)
    several = not isinstance(fields.get("variant", ""), str) or len(made) > 1
    return made if several else made[0]


def export_all(
    run: Runs = None,
    to: str | Path | None = None,
    runs: str | Path = "runs",
    *,
    options: ExportOptions | None = None,
    **fields: Any,
) -> list[Exported]:
    """Do what `export` does, and return a list whatever was asked for."""
    chosen = resolve(ExportOptions, options, fields, "export")
    chosen_runs = given_runs(run, "export", Path(runs))
    out = given_path(to, "export", "a path to write to") if to is not None else None
    paths = paths_for(out, name_of(chosen_runs), chosen.variant)
    if not chosen.force:
        for path in paths:
            refuse_overwriting(path, chosen_runs)
    restored = restore_together(chosen_runs, chosen.changes, chosen.plugin_file)
    work = _Exporter(restored, chosen)
    made = [work.make(variant, path) for variant, path in zip(chosen.variant, paths, strict=True)]
    for path in paths:
        make_folder(path.parent)
    texts = {e.path.with_suffix(".json"): to_json(e.contract) + "\n" for _, e in made}
    write_together({**{e.path: content for content, e in made}, **texts}, stale=texts)
    return [exported for _, exported in made]


class _Exporter:
    """Builds and proves the files of one run."""

    def __init__(self, restored: Restored, options: ExportOptions) -> None:
        self.restored, self.options = restored, options
        self._fp32: onnx.ModelProto | None = None
        self._quality: QualityDrop | None = None

    @property
    def fp32(self) -> onnx.ModelProto:
        """The fp32 graph, without contract."""
        if self._fp32 is None:
            self._fp32 = self._translate(self._graph("fp32"))
        return self._fp32

    @property
    def quality(self) -> QualityDrop:
        """What variants are held against."""
        if self._quality is None:
            self._quality = QualityDrop(self.restored, self.fp32.SerializeToString(), self.options.data)
        return self._quality

    def make(self, variant: Variant, path: Path) -> tuple[bytes, Exported]:
        """Build one file, judge it, and prove it."""
        graph, note = self._graph(variant), ""
        scores = self.restored.run.record.scores
        if variant == "int8":
            model, note = self._quantized(path)
        elif variant == "fp16":
            model = self._translate(graph)
            note = f"{store_half(model)} weights stored as float16, computed in float32"
        else:
            model = self.fp32 if variant == "fp32" else self._translate(graph)
        if variant in ("int8", "fp16"):
            scores = self._scored(variant, model, path)
        elif self.options.changes or self.restored.members:  # the run was scored without them
            scores = self.quality.own_scores()
        model = add_contract(model, self._contract(variant, graph, model, path, scores))
        if self.options.target is not None:
            refuse_misfits(model, self.options.target, path)
        content = model.SerializeToString()
        report = verify_bytes(content, str(path), restored=self.restored)
        report.raise_if_failed()
        contract = read_contract(model, path)
        assert contract is not None  # it was put there above
        contract = contract.model_copy(update={"proof": proof_of(report)})
        notes = "; ".join(n for n in (note, *self.restored.notes, *(self._quality.notes if self._quality else ())) if n)
        return add_contract(model, contract).SerializeToString(), Exported(path, contract, report, notes)

    def _graph(self, variant: Variant) -> GraphSpec:
        graph = graph_for(self.restored, variant, self.options.numeric)
        return dataclasses.replace(graph, opset=self.options.opset) if self.options.opset is not None else graph

    def _translate(self, graph: GraphSpec) -> onnx.ModelProto:
        if graph.opset < LOWEST_OPSET:
            raise UserError(f"--opset {graph.opset}: the exporter writes opset {LOWEST_OPSET} or newer")
        opset = needed_opset(graph)
        if self.options.opset is not None and self.options.opset < opset:
            hint = "; export with --numeric to do without strings" if _has_text(graph) else ""
            raise UserError(f"--opset {self.options.opset}: this graph needs opset {opset} or newer{hint}")
        lowest = lowest_ir(opset)
        ir_version = self.options.ir_version or lowest
        if not lowest <= ir_version <= onnx.IR_VERSION:
            raise UserError(
                f"--ir-version {ir_version}: opset {opset} needs IR {lowest} at least, and onnx "
                f"{onnx.__version__} writes {onnx.IR_VERSION} at most"
            )
        model = to_onnx(graph, traced_example(self.restored.task, graph))
        model.ir_version = ir_version
        return model

    def _quantized(self, path: Path) -> tuple[onnx.ModelProto, str]:
        """Quantize by the fastest plan that holds the metric on the validation split, or else by the best one."""
        require_quantizable(self.fp32, str(path))
        tried: list[tuple[float, onnx.ModelProto, str]] = []
        for plan in PLANS:
            model = quantize(self.fp32, plan)
            if model is None:
                continue
            lost = self.quality.drop_while_choosing(model.SerializeToString())
            tried.append((lost, model, plan.name))
            if lost <= self.options.max_drop:
                break
        lost, model, name = min(tried, key=lambda t: t[0]) if tried[-1][0] > self.options.max_drop else tried[-1]
        return model, name

    def _scored(self, variant: str, model: onnx.ModelProto, path: Path) -> Scores:
        scores = self.quality.scores(model.SerializeToString())
        assert scores.fp32 is not None and scores.drop is not None
        if scores.drop > self.options.max_drop and not self.options.force:
            name = scores.drop_of or scores.primary
            figures = f" ({scores.model[name]:.5g} instead of {scores.fp32[name]:.5g})" if name in scores.model else ""
            raise UserError(
                f"{path}: {variant} loses {scores.drop:.2f}% of {name} on the test data{figures}, more than --max-drop "
                f"{self.options.max_drop:g}; allow more, or write it with --force"
            )
        return scores

    def _contract(
        self, variant: Variant, graph: GraphSpec, model: onnx.ModelProto, path: Path, scores: Scores | None
    ) -> Contract:
        answer = torch_reference(graph)
        if variant == "int8":
            answer = session_answer(model.SerializeToString(), str(path))
            graph = dataclasses.replace(graph, tolerance=INT8_TOLERANCE)
        found = describe(
            self.restored.run.record,
            graph,
            path.stem,
            golden_examples(self.restored, graph, answer),
            variant,
            model.ir_version,
            self.options.numeric,
            self.restored.config.model_dump(mode="json"),
        )
        task = self.restored.task
        origin = with_members(found.provenance, [m.run for m in self.restored.members], task.primary_metric.name)
        about: dict[str, Any] = {"verb": task.verb, "scores": scores, "learnt": scoring_facts(task, self.restored.info)}
        about |= {"provenance": origin}
        return found.model_copy(update={**about, "fingerprints": fingerprints(model)})


def _has_text(graph: GraphSpec) -> bool:
    return any(s is not None and s.has_text for s in (graph.before, graph.after))

"""Proves that a file answers as it says and, given its run, as PyTorch does.

Checks go from the outside in: file, contract, operators, names, types, axes (`structure_checks`), then values
(`value_checks`, `against_torch`). Each kind of failure is a type of its own (`report`), so that a caller can tell a
renamed input from a wrong number; and a wrong number is traced to the node or the weight that it comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx

from lstm_onnx.contract import Contract, TimeSource
from lstm_onnx.data.given import given_file
from lstm_onnx.errors import UserError
from lstm_onnx.graph.model_file import contract_text, parse_model, read_contract, readable_contract
from lstm_onnx.inference.deadline import deadline
from lstm_onnx.inference.session import available_providers, session_answer
from lstm_onnx.options import resolve
from lstm_onnx.task import Answer
from lstm_onnx.training.given_runs import Runs, given_runs, require_members
from lstm_onnx.verification import structure_checks, value_checks
from lstm_onnx.verification.divergence import first_divergence_from_reference
from lstm_onnx.verification.engines import chosen_engines, open_engine, why_not
from lstm_onnx.verification.fingerprints import changed_parts
from lstm_onnx.verification.foreign import verify_foreign
from lstm_onnx.verification.options import USUAL_ENGINES, VerifyOptions
from lstm_onnx.verification.provider_placement import check_placement
from lstm_onnx.verification.report import (
    AxisMismatch,
    Check,
    ContractError,
    FileError,
    FingerprintMismatch,
    NameMismatch,
    OperatorError,
    ParityError,
    ProviderError,
    Report,
    ShapeMismatch,
    SignatureError,
    StateMismatch,
    TypeMismatch,
    ValueMismatch,
)

if TYPE_CHECKING:
    from lstm_onnx.training.restore import Restored
    from lstm_onnx.training.run_folder import Run
    from lstm_onnx.verification.against_torch import AgainstTorch

__all__ = [
    "AxisMismatch",
    "Check",
    "ContractError",
    "FileError",
    "FingerprintMismatch",
    "NameMismatch",
    "OperatorError",
    "ParityError",
    "ProviderError",
    "Report",
    "ShapeMismatch",
    "SignatureError",
    "StateMismatch",
    "TypeMismatch",
    "ValueMismatch",
    "verify",
    "verify_bytes",
]


def verify(
    file: str | PathLike[str],
    run: Runs = None,
    *,
    options: VerifyOptions | None = None,
    **fields: Any,
) -> Report:
    """Check a file, and with `run` compare it with PyTorch over a grid of sizes.

    A file without a contract, here or beside it, is checked for what can be said of it: see `verification.foreign`.

    Args:
        file: the `.onnx` file: its path, what `export` returned, or a loaded `Model`.
        run: the run that it was exported from, or its folder; of an ensemble all of them, or the folder of several.
        options: what to ask besides ONNX Runtime.
        **fields: fields of `VerifyOptions`, instead of the object or on top of it.

    Raises:
        UserError: the file or the run is not there, or there is no such engine.
    """
    chosen_options = resolve(VerifyOptions, options, fields, "verify")
    path = given_file(file, "verify")
    runs = given_runs(run, "verify") if run is not None else []
    chosen = chosen_engines(chosen_options.engines)
    content = path.read_bytes()
    signed = None if chosen_options.key is None else _signed(content, str(path), chosen_options.key)
    if signed is not None and signed.error is not None:
        return Report(str(path), [signed])  # nothing of it is run
    with deadline(chosen_options.timeout):
        if not runs and not path.with_suffix(".json").is_file() and _is_foreign(content):
            report = verify_foreign(content, str(path), chosen)
        else:
            restored = _restored(runs, content, chosen_options.plugin_file) if runs else None
            report = verify_bytes(content, str(path), restored, path.with_suffix(".json"), chosen)
    if signed is not None:
        report.checks.insert(0, signed)
    return report


def _signed(content: bytes, where: str, key: Path) -> Check:
    from lstm_onnx.verification.signature import check_signature

    try:
        return Check("signature", check_signature(parse_model(content, where), key))
    except SignatureError as error:
        return Check("signature", str(error), SignatureError(f"{where}: {error}"))


def _is_foreign(content: bytes) -> bool:
    """Whether it is an ONNX file that never had a contract, as far as can be seen."""
    try:
        return not contract_text(parse_model(content, "the file"))
    except UserError:
        return False


def _restored(runs: list[Run], content: bytes, plugin_file: Path | None) -> Restored:
    """Build the model of a run with the options that a file was exported with."""
    from lstm_onnx.training.restore import adjusted_in, restore_together

    contract = readable_contract(content)
    require_members(contract, runs)
    changes = adjusted_in(runs[0], contract, plugin_file) if contract is not None else {}
    return restore_together(runs, changes, plugin_file)


def verify_bytes(
    content: bytes,
    where: str,
    restored: Restored | None = None,
    beside: Path | None = None,
    engines: Sequence[str] = USUAL_ENGINES,
) -> Report:
    """Check the content of a file; see `verify`."""
    report = Report(where)
    for check in _Verification(content, where, restored, beside, engines, report).checks():
        report.checks.append(check)
        if check.error is not None:
            break
    return report


class _Verification:
    """One verification: what is known so far, and the checks in their order."""

    def __init__(
        self,
        content: bytes,
        where: str,
        restored: Restored | None,
        beside: Path | None,
        engines: Sequence[str],
        report: Report,
    ) -> None:
        self.content, self.where, self.restored = content, where, restored
        self.beside, self.engines, self.report = beside, engines, report
        self.model = onnx.ModelProto()
        self.contract: Contract | None = None
        self._truth: AgainstTorch | None = None

    def checks(self) -> Iterator[Check]:
        """Run the checks one by one; the caller stops at the first failure."""
        yield self._check("file", lambda: structure_checks.check_file(self.content))
        self.model = model = onnx.load_model_from_string(self.content)
        yield self._check("contract", lambda: structure_checks.check_contract(model, self.where, self.beside))
        self.contract = contract = read_contract(model, self.where)
        assert contract is not None  # or the check would have failed
        self.report.variant = contract.variant
        self.report.clocks = frozenset(t.name for t in contract.outputs if isinstance(t.source, TimeSource))
        yield self._check("operators", lambda: structure_checks.check_operators(model, contract))
        yield self._check("names", lambda: structure_checks.check_names(model, contract))
        yield self._check("types", lambda: structure_checks.check_types(model, contract))
        yield self._check("axes", lambda: structure_checks.check_axes(model, contract))
        for provider in available_providers():
            yield from self._on_provider(provider, contract)
        for name in self.engines:
            yield self._check(f"golden examples ({name})", lambda name=name: self._by_engine(name, contract))  # type: ignore[misc]
        if "reference" in self.engines and self.restored is None:  # else PyTorch was asked already
            yield self._check("extremes (reference)", lambda: self._extremes(contract))
        # last, so that what a change does to the answers is told first, where it does anything
        yield self._check("fingerprints", lambda: structure_checks.check_fingerprints(model, contract))

    def _on_provider(self, provider: str, contract: Contract) -> Iterator[Check]:
        if provider != "cpu" and contract.variant == "int8":
            yield self._check(f"placement ({provider})", lambda: "not asked: int8 LSTMs run on the CPU alone")
            return
        if provider != "cpu":
            inputs, _ = value_checks.decode(contract.examples[0])
            yield self._check(f"placement ({provider})", lambda: check_placement(self.content, provider, inputs))
        for optimize in (True, False):
            label = f"{provider}, optimisation {'on' if optimize else 'off'}"
            yield from self._in_session(session_answer(self.content, self.where, provider, optimize), label, contract)

    def _in_session(self, answer: Answer, label: str, contract: Contract) -> Iterator[Check]:
        report, restored = self.report, self.restored
        yield self._check(f"golden examples ({label})", lambda: value_checks.check_examples(answer, contract, report))
        yield self._check(f"batches ({label})", lambda: value_checks.check_batches(answer, contract, report))
        if contract.stream is not None:
            yield self._check(f"pieces ({label})", lambda: value_checks.check_pieces(answer, contract, report))
        if restored is not None:
            yield self._check(
                f"PyTorch ({label})", lambda: self._against_torch(restored, contract).check(answer, report)
            )

    def _against_torch(self, restored: Restored, contract: Contract) -> AgainstTorch:
        from lstm_onnx.verification.against_torch import AgainstTorch

        self._truth = self._truth or AgainstTorch(restored, contract)
        return self._truth

    def _by_engine(self, name: str, contract: Contract) -> str:
        reason = why_not(name, self.model)
        if reason is not None:
            return f"not asked: {reason}"
        return value_checks.check_examples(open_engine(name, self.content).run, contract, self.report)

    def _extremes(self, contract: Contract) -> str:
        reason = why_not("reference", self.model)
        if reason is not None:
            return f"not asked: {reason}"
        reference = open_engine("reference", self.content).run
        return value_checks.check_extremes(session_answer(self.content, self.where), reference, contract)

    def _check(self, name: str, check: Callable[[], str]) -> Check:
        try:
            return Check(name, check())
        except ParityError as error:
            text = f"{error}{self._traced(error)}"
            kind = ValueMismatch if isinstance(error, value_checks.DivergenceError) else type(error)
            return Check(name, text, kind(f"{self.where}: {text}"))

    def _traced(self, error: ParityError) -> str:
        """Say which node or weight a wrong answer comes from, as far as that can be known."""
        if not isinstance(error, ValueMismatch | ShapeMismatch | StateMismatch | FileError):
            return ""
        contract = self.contract
        if contract is None and isinstance(error, FileError):
            contract = readable_contract(self.content)
        if contract is None:
            return ""
        self.model = onnx.load_model_from_string(self.content)
        changed = changed_parts(self.model, contract.fingerprints) if contract.fingerprints else []
        if changed:
            return f"; changed since the export: {', '.join(changed[:4])}" + (" and more" if len(changed) > 4 else "")
        if isinstance(error, value_checks.DivergenceError) and self.restored is not None:
            from lstm_onnx.graph.torch_export import traced_example
            from lstm_onnx.training.restore import graph_for
            from lstm_onnx.verification.torch_divergence import first_divergence

            graph = graph_for(self.restored, contract.variant, contract.numeric)
            example = traced_example(self.restored.task, graph)
            place = first_divergence(self.model, graph, example, error.inputs)
            return f"; the first to part from PyTorch: {place}" if place else ""
        if isinstance(error, ValueMismatch) and why_not("reference", self.model) is None:
            inputs, _ = value_checks.decode(contract.examples[0])
            place = first_divergence_from_reference(self.model, inputs)
            return f"; the first to part from onnx's reference: {place}" if place else ""
        return ""

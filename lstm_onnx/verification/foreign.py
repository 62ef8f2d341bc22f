"""What can be held against a file that has no contract: whether it is sound, and whether engines agree on it.

Its inputs mean nothing to us, so they are made up; that engines answer alike says that they read the file alike, and
not that its answers are right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import onnx
import onnxruntime as ort

from lstm_onnx.contract import Array, Tolerance
from lstm_onnx.data.made_up_inputs import made_up_inputs
from lstm_onnx.errors import first_line
from lstm_onnx.graph.description import Description, describe_model
from lstm_onnx.inference.session import PROVIDERS, session_options
from lstm_onnx.task import Answer, Arrays
from lstm_onnx.verification.comparison import compare
from lstm_onnx.verification.engine import EngineError
from lstm_onnx.verification.engines import open_engine, why_not
from lstm_onnx.verification.report import NO_CONTRACT, Check, FileError, ParityError, Report, ValueMismatch
from lstm_onnx.verification.structure_checks import check_file

TOLERANCE = Tolerance(rtol=1e-4, atol=1e-5)
SIZES = ((2, 16), (2, 2), (1, 64), (1, 1), (3, 5), (7, 33))
"""Sizes that are tried for free axes: of one that comes first, and of others."""

MOST = 3
"""Of the sizes that serve, so many are asked."""


def verify_foreign(content: bytes, where: str, engines: Sequence[str]) -> Report:
    """Check a file without a contract: see the module."""
    report = Report(where, variant=NO_CONTRACT)
    for check in _checks(content, where, engines, report):
        report.checks.append(check)
        if check.error is not None:
            break
    return report


def _checks(content: bytes, where: str, engines: Sequence[str], report: Report) -> Iterator[Check]:
    yield _check("file", where, lambda: check_file(content))
    model = onnx.load_model_from_string(content)
    found = describe_model(model, len(content))
    yield Check("contract", "not there: lstm-onnx adopt gives it one, with examples and proof")
    yield Check("inputs", ", ".join(f"{t.name} {t.dtype} {t.shape}" for t in found.inputs))
    yield Check("outputs", ", ".join(f"{t.name} {t.dtype} {t.shape}" for t in found.outputs))
    yield Check("operators", operators_text(found))
    answer, asked = None, list[dict[str, Array]]()

    def runs() -> str:
        nonlocal answer
        answer = _session(content, where, True)
        asked.extend(inputs for _, inputs in serving_inputs(answer, found))
        if not asked:
            return "not asked: it loads, and takes none of the inputs that were made up"
        return f"loads, and answers for made-up inputs of {len(asked)} sizes"

    yield _check("cpu", where, runs)
    if answer is None or not asked:
        return
    reference: Answer = answer

    def alike(other: Answer, name: str) -> str:
        for number, inputs in enumerate(asked, start=1):
            compare(other(inputs), reference(inputs), TOLERANCE, f"{name}, made-up inputs {number}", report)
        return f"answers for {len(asked)} made-up inputs are those of ONNX Runtime"

    yield _check("cpu, optimisation off", where, lambda: alike(_session(content, where, False), "optimisation off"))
    parted, agreed = dict[str, str](), list[str]()
    for name in engines:
        check = _by_engine(name, content, model, alike)
        if check.error is not None:
            parted[name] = check.detail
            check = Check(name, f"parts from ONNX Runtime: {check.detail}")
        elif not check.detail.startswith("not "):
            agreed.append(name)
        yield check
    if parted:
        yield _check("agreement", where, lambda: _agreement(parted, agreed))


def _agreement(parted: dict[str, str], agreed: list[str]) -> str:
    """One engine may be wrong alone; where nobody is on ONNX Runtime's side, the file may be read in two ways."""
    name, how = next(iter(parted.items()))
    if not agreed:
        raise ValueMismatch(
            f"{name} and ONNX Runtime read it differently, so one of them is wrong ({how}); --engine all"
        )
    return f"{', '.join(agreed)} on ONNX Runtime's side, against {', '.join(parted)}"


def _session(content: bytes, where: str, optimize: bool) -> Answer:
    """Open a session that keeps quiet of inputs that it refuses: they were made up."""
    options = session_options(level="all" if optimize else "none", quiet=True)
    try:
        session = ort.InferenceSession(content, options, providers=[PROVIDERS["cpu"]])
    except Exception as error:
        raise FileError(f"ONNX Runtime cannot load it ({first_line(error)})") from error
    names = [o.name for o in session.get_outputs()]

    def answer(arrays: Arrays) -> dict[str, Array]:
        return dict(zip(names, map(np.asarray, session.run(names, dict(arrays))), strict=True))

    return answer


def _by_engine(name: str, content: bytes, model: onnx.ModelProto, alike: Callable[[Answer, str], str]) -> Check:
    reason = why_not(name, model)
    if reason is not None:
        return Check(name, f"not asked: {reason}")
    try:
        return _check(name, "", lambda: alike(open_engine(name, content).run, name))
    except EngineError as error:
        return Check(name, f"not asked: {error}")


def serving_inputs(answer: Answer, found: Description) -> Iterator[tuple[tuple[int, int], dict[str, Array]]]:
    """Yield the first of `SIZES` for which made-up inputs are answered, each with these inputs."""
    count, seen = 0, set[str]()
    for first, others in SIZES:
        try:
            inputs = made_up_inputs(found.inputs, first=first, others=others)
            answer(inputs)
        except Exception:
            continue
        shapes = str([a.shape for a in inputs.values()])
        if shapes not in seen and count < MOST:
            seen.add(shapes)
            count += 1
            yield (first, others), inputs


def operators_text(found: Description) -> str:
    """Write how often which operator occurs."""
    return ", ".join(f"{name} {count}" if count > 1 else name for name, count in found.operators.items())


def _check(name: str, where: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, check())
    except ParityError as error:
        return Check(name, str(error), type(error)(f"{where}: {error}"))

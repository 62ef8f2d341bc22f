"""From a file that somebody else exported to one of ours: a contract, golden examples, scaling inside, and proof.

What the file does not say is found out by asking it: which axes of the outputs are which of the inputs, and which axis
is the batch (the one along which examples do not know of each other). Names, meanings, units and scaling are the
person's to say (`lstm_onnx.exporting.about`), or those of a Darts spec in the file's metadata. Each step is a file in
`lstm_onnx.exporting.adoption`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from lstm_onnx.contract import Contract, to_json
from lstm_onnx.data.arrays import load_arrays
from lstm_onnx.data.atomic_files import make_folder, write_together
from lstm_onnx.data.given import given_file
from lstm_onnx.errors import UserError
from lstm_onnx.exporting.about import About, read_about
from lstm_onnx.exporting.adoption.adopted_contract import describe
from lstm_onnx.exporting.adoption.darts import with_darts
from lstm_onnx.exporting.adoption.golden_examples import golden_examples
from lstm_onnx.exporting.adoption.interface import find_interface, write_interface
from lstm_onnx.exporting.adoption.lengths import without_full_lengths
from lstm_onnx.exporting.adoption.original import Original, load_whole, refuse_unknown_names
from lstm_onnx.exporting.adoption.scaling import scale_inside
from lstm_onnx.graph.description import described_file
from lstm_onnx.graph.model_file import add_contract
from lstm_onnx.inference.session import session_answer
from lstm_onnx.verification.engines import chosen_engines
from lstm_onnx.verification.fingerprints import fingerprints
from lstm_onnx.verification.options import USUAL_ENGINES
from lstm_onnx.verification.report import Report
from lstm_onnx.verification.verify import verify_bytes


@dataclass(frozen=True)
class Adopted:
    """What `adopt` wrote.

    Attributes:
        path: the file; its contract lies beside it as `.json`.
        contract: what it says of itself.
        report: of the verification.
        notes: what was found out, and what was changed in the graph.
    """

    path: Path
    contract: Contract
    report: Report
    notes: tuple[str, ...]

    def __fspath__(self) -> str:
        """The path of the file, so that it can be given where a file is wanted."""
        return str(self.path)


def adopt(
    file: str | PathLike[str],
    out: str | Path | None = None,
    about: About | str | Path | None = None,
    example: str | Path | Mapping[str, Any] | None = None,
    engines: Sequence[str] = USUAL_ENGINES,
) -> Adopted:
    """Give a file a contract.

    Args:
        file: an `.onnx` file that has none.
        out: file to write; None means `exported/NAME.onnx`.
        about: what is known of it, or a TOML file that says so.
        example: inputs by name, or a file of them (`.npz`, `.json`), to become the first golden example, in the unit
            in which values go in; None makes some up.
        engines: what is asked besides ONNX Runtime, as for `verify`.

    Raises:
        UserError: the file cannot be read or has a contract already, what is said of it does not fit, or no inputs
            that it takes could be made up.
        ParityError: engines do not agree on it, or it uses what other runtimes get wrong.
    """
    path = given_file(file, "adopt")
    known, found = described_file(path)
    engines = chosen_engines(engines)
    if known is not None:
        raise UserError(f"{path}: has a contract already; look at it with lstm-onnx inspect {path}")
    to = _destination(path, out)
    said = about if isinstance(about, About) else read_about(Path(about)) if about is not None else About()
    given = load_arrays(Path(example)) if isinstance(example, str | Path) else dict(example) if example else None

    notes = list[str]()
    model = load_whole(path)
    said = with_darts(said, model, found, notes)
    refuse_unknown_names(path, found, said)
    original = Original(path, found, said, session_answer(model.SerializeToString(), str(path)))

    model = without_full_lengths(model, original, notes)
    interface = find_interface(original, notes)
    write_interface(model, interface)
    scale_inside(model, original, notes)

    contract = describe(to.stem, original, model, interface)
    answer = session_answer(model.SerializeToString(), str(path))
    examples = golden_examples(contract, answer, original, given)
    contract = contract.model_copy(update={"examples": examples, "fingerprints": fingerprints(model)})
    content = add_contract(model, contract).SerializeToString()
    report = verify_bytes(content, str(to), engines=engines)
    report.raise_if_failed()

    beside = to.with_suffix(".json")
    make_folder(to.parent)
    write_together({to: content, beside: to_json(contract) + "\n"}, stale=[beside])
    return Adopted(to, contract, report, tuple(notes))


def _destination(path: Path, out: str | Path | None) -> Path:
    to = Path(out) if out is not None else Path("exported") / f"{path.stem}.onnx"
    if to.suffix != ".onnx":
        raise UserError(f"{to}: the file to write must end in .onnx")
    if to.resolve() == path.resolve():
        raise UserError(f"{to}: would take the place of the file that is adopted; say another with --out")
    return to

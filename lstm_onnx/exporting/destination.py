"""Where an export goes, and what must not be overwritten there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lstm_onnx.contract import Variant, from_json
from lstm_onnx.errors import UserError
from lstm_onnx.graph.model_file import readable_contract
from lstm_onnx.training.given_runs import name_of
from lstm_onnx.training.run_folder import Run


def paths_for(out: Path | None, name: str, variants: Sequence[Variant]) -> list[Path]:
    """Name a file for each variant.

    Raises:
        UserError: the name does not end in `.onnx`.
    """
    path = out if out is not None else Path("exported") / f"{name}.onnx"
    if path.suffix != ".onnx":
        raise UserError(f"{path}: the file to write must end in .onnx")
    plain = out is not None and len(variants) == 1
    return [path if plain or v == "fp32" else path.with_stem(f"{path.stem}-{v}") for v in variants]


def refuse_overwriting(path: Path, runs: Sequence[Run]) -> None:
    """Refuse to put a file in the place of one that did not come from this run, or from these."""
    beside = path.with_suffix(".json")
    if not path.exists():
        if beside.exists() and not _is_contract(beside):
            raise UserError(f"{beside}: is there, and no contract of ours; choose another name, or write with --force")
        return
    contract = readable_contract(path.read_bytes())
    if contract is None:
        raise UserError(f"{path}: is there, and was not exported here; choose another name, or write with --force")
    origin, record = contract.provenance, runs[0].record
    name = name_of(runs) if len(runs) > 1 else record.name
    members = tuple(m.trained for m in origin.members or ())
    others = tuple(run.record.created for run in runs) if len(runs) > 1 else ()
    if origin.run != name or (origin.trained or record.created) != record.created or members != others:
        raise UserError(
            f"{path}: was made of another run ({origin.run}, exported {origin.created[:16]}); choose another name with "
            f"--out, or write with --force"
        )


def _is_contract(path: Path) -> bool:
    try:
        from_json(path.read_text(encoding="utf-8"), path)
    except (UserError, UnicodeDecodeError):
        return False
    return True

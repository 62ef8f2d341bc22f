"""`lstm-onnx sign`: sign a file with a key of Ed25519."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from lstm_onnx.cli.console import Result, Shown, encode


@dataclass(frozen=True)
class Signed(Result):
    """A file that was signed."""

    file: Path
    signer: str

    def to_json(self) -> Iterable[str]:
        """Return the file and who signed it."""
        yield encode({"file": str(self.file), "signer": self.signer})

    def to_text(self) -> Iterable[Shown]:
        """Return the same, and how to check it."""
        yield {"signed": f"{self.file} by {self.signer}", "next": f"lstm-onnx verify {self.file} --key PUBLIC.pem"}


def sign(
    file: Annotated[Path, typer.Argument(help="exported .onnx file")],
    key: Annotated[Path, typer.Option(help="private key of Ed25519, a PEM file without password")],
) -> Signed:
    """Sign a file in place.

    Raises:
        UserError: as `lstm_onnx.verification.signature.sign`.
    """
    from lstm_onnx.verification import signature

    return Signed(file, signature.sign(file, key))

"""`lstm-onnx sign`: sign a file, in itself or beside it."""

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


@dataclass(frozen=True)
class SignedBeside(Result):
    """A file that a bundle was written for."""

    file: Path
    bundle: Path
    signer: str

    def to_json(self) -> Iterable[str]:
        """Return the file, its bundle, and who signed it."""
        yield encode({"file": str(self.file), "bundle": str(self.bundle), "signer": self.signer})

    def to_text(self) -> Iterable[Shown]:
        """Return the same, and how to check it."""
        check = f"model_signing verify key {self.file} --signature {self.bundle} --public_key PUBLIC.pem"
        yield {"signed": f"{self.file} by {self.signer[:16]}", "bundle": str(self.bundle), "next": check}


def sign(
    file: Annotated[Path, typer.Argument(help="exported .onnx file")],
    key: Annotated[Path, typer.Option(help="private key, a PEM file without password: Ed25519, for --bundle P-256")],
    bundle: Annotated[
        Path | None,
        typer.Option(help="leave the file as it is, and write a bundle beside it, for sigstore's model-signing"),
    ] = None,
) -> Signed | SignedBeside:
    """Sign a file in place, or beside it.

    Raises:
        UserError: as `lstm_onnx.verification.signature.sign` and `lstm_onnx.verification.signature_bundle.sign_beside`.
    """
    if bundle is not None:
        from lstm_onnx.verification.signature_bundle import sign_beside

        return SignedBeside(file, bundle, sign_beside(file, key, bundle))
    from lstm_onnx.verification.signature import sign as sign_inside

    return Signed(file, sign_inside(file, key))

"""Reads the keys that files are signed and checked with: PEM, without password."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from lstm_onnx.errors import UserError


def load_key(path: Path, kind: Literal["private", "public"], make: str) -> object:
    """Return the key in a file, as the package cryptography has it.

    Args:
        path: the PEM file.
        kind: which half of a pair it must be.
        make: for the error: how one makes such a key.

    Raises:
        UserError: it is no such key, or the package cryptography is not installed.
    """
    try:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
    except ImportError:
        raise UserError("signatures need the package cryptography: pip install 'lstm-onnx[sign]'") from None
    if not path.is_file():
        raise UserError(f"--key {path}: no such file; {make}")
    try:
        content = path.read_bytes()
        return load_pem_public_key(content) if kind == "public" else load_pem_private_key(content, password=None)
    except Exception:  # several kinds: not PEM, encrypted, another curve
        raise UserError(f"--key {path}: is no {kind} key in PEM without password; {make}") from None

"""Signs files, and checks who signed them: Ed25519 (RFC 8032) over all that a file holds.

What is signed is the file's content in canonical form: graph, weights, contract (with scores, golden examples and
proof), everything but the signature itself, which stands in the metadata beside the contract. Fingerprints find
accidents; a signature also finds forgery, for whoever has the signer's public key from elsewhere than the file.
"""

from __future__ import annotations

import base64
import hashlib
import json
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import onnx

from lstm_onnx.data.atomic_files import write_atomically
from lstm_onnx.data.given import given_file
from lstm_onnx.errors import UserError
from lstm_onnx.graph.model_file import parse_model
from lstm_onnx.json_text import parse_json
from lstm_onnx.verification.key_files import load_key
from lstm_onnx.verification.report import SignatureError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

METADATA_KEY = "lstm_onnx.signature"
_PURPOSE = b"lstm-onnx signature 1\n"
"""Goes before what is signed, so that a signature cannot be taken for one of something else."""
_MAKE = "make one with: openssl genpkey -algorithm ed25519 -out key.pem; openssl pkey -in key.pem -pubout -out pub.pem"


def sign(file: str | PathLike[str], key: str | Path) -> str:
    """Sign a file in place, in the stead of any signature that it has; return the signer's name, see `name_of`.

    Args:
        file: exported file.
        key: private key, Ed25519, in a PEM file without password.

    Raises:
        UserError: the file or the key cannot be used, or the package cryptography is not installed.
    """
    path = given_file(file, "sign")
    private = _private(Path(key))
    model = _unsigned(parse_model(path.read_bytes(), path))
    signature = private.sign(_canonical(model))
    entry = model.metadata_props.add()
    entry.key, entry.value = (
        METADATA_KEY,
        json.dumps(
            {
                "algorithm": "Ed25519",
                "public_key": _text(_raw(private.public_key())),
                "signature": _text(signature),
            }
        ),
    )
    write_atomically(path, model.SerializeToString())
    return name_of(private.public_key())


def check_signature(model: onnx.ModelProto, key: Path) -> str:
    """Check a model's signature by the public key of the one who must have signed it, and say who that is.

    Raises:
        SignatureError: it is not signed, was changed since, or was signed by somebody else.
        UserError: the key cannot be used, or the package cryptography is not installed.
    """
    found = next((p.value for p in model.metadata_props if p.key == METADATA_KEY), None)
    public = _public(key)
    from cryptography.exceptions import InvalidSignature

    if found is None:
        raise SignatureError(f"is not signed, and {key} should have signed it")
    try:
        said = parse_json(found, "its signature")
        signature, signer = (base64.b64decode(str(said[name]), validate=True) for name in ("signature", "public_key"))
    except (UserError, KeyError, TypeError, ValueError) as error:
        raise SignatureError(f"has a signature that cannot be read ({error})") from None
    if signer != _raw(public):
        raise SignatureError(f"is signed by somebody else than {key} ({_name(signer)} instead of {name_of(public)})")
    try:
        public.verify(signature, _canonical(model))
    except InvalidSignature:
        raise SignatureError(f"was changed after {name_of(public)} signed it") from None
    return f"signed by {name_of(public)}"


def name_of(key: Ed25519PublicKey) -> str:
    """Name a signer by the SHA-256 of the public key, as 16 hex digits."""
    return _name(_raw(key))


def _name(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


def _canonical(model: onnx.ModelProto) -> bytes:
    content: bytes = _unsigned(model).SerializeToString(deterministic=True)
    return _PURPOSE + hashlib.sha256(content).digest()


def _unsigned(model: onnx.ModelProto) -> onnx.ModelProto:
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    kept = [p for p in model.metadata_props if p.key != METADATA_KEY]
    del bare.metadata_props[:]
    bare.metadata_props.extend(kept)
    return bare


def _private(path: Path) -> Ed25519PrivateKey:
    found = load_key(path, "private", _MAKE)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not isinstance(found, Ed25519PrivateKey):
        raise UserError(f"--key {path}: is no private key of Ed25519; {_MAKE}")
    return found


def _public(path: Path) -> Ed25519PublicKey:
    found = load_key(path, "public", _MAKE)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not isinstance(found, Ed25519PublicKey):
        raise UserError(f"--key {path}: is no public key of Ed25519; {_MAKE}")
    return found


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes_raw()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()

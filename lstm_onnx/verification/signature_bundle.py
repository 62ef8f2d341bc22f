"""Signs files beside themselves, as sigstore's model-signing does: a bundle that its tool and services verify.

The bundle (https://docs.sigstore.dev/about/bundle) holds an in-toto statement with the SHA-256 of the file, byte for
byte, and a signature of it by ECDSA. Signing with one's own key asks no service: nothing goes over a network.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from lstm_onnx.data.atomic_files import replacing
from lstm_onnx.data.given import given_file
from lstm_onnx.errors import UserError
from lstm_onnx.graph.model_file import parse_model
from lstm_onnx.json_text import parse_json
from lstm_onnx.verification.key_files import load_key

_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_MEDIA_TYPE = "application/vnd.dev.sigstore.bundle"
_MAKE = (
    "make one with: openssl ecparam -name prime256v1 -genkey -noout -out key.pem; "
    "openssl ec -in key.pem -pubout -out pub.pem"
)


def sign_beside(file: str | PathLike[str], key: str | Path, bundle: str | Path) -> str:
    """Write a bundle for a file, which stays as it is; return the SHA-256 of the public key, which the bundle names.

    Args:
        file: exported file.
        key: private key of an elliptic curve (P-256, P-384 or P-521), in a PEM file without password.
        bundle: where the bundle goes; one that is there is replaced.

    Raises:
        UserError: the file or the key cannot be used, something else is where the bundle goes, or the package
            model-signing is not installed.
    """
    path, where = given_file(file, "sign"), Path(bundle)
    _check_key(Path(key))
    _check_place(where)
    parse_model(path.read_bytes(), path)
    try:
        from model_signing.signing import Config
    except ImportError as error:
        raise UserError(f"--bundle needs the package model-signing ({error}): pip install 'lstm-onnx[sign]'") from None
    with replacing(where) as beside:
        # links are refused by model-signing, so that the file is signed where it really is
        Config().use_elliptic_key_signer(private_key=Path(key)).sign(path.resolve(), beside)
        written = parse_json(beside.read_bytes(), str(where))
    return str(written["verificationMaterial"]["publicKey"]["hint"])


def _check_key(path: Path) -> None:
    found = load_key(path, "private", _MAKE)
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    if not isinstance(found, EllipticCurvePrivateKey) or found.curve.name not in _CURVES:
        raise UserError(f"--key {path}: --bundle takes a key of the curve P-256, P-384 or P-521; {_MAKE}")


def _check_place(where: Path) -> None:
    if not where.exists():
        return
    try:
        found = parse_json(where.read_bytes(), str(where))
        if str(found["mediaType"]).startswith(_MEDIA_TYPE):
            return
    except (OSError, UserError, TypeError, KeyError):
        pass  # no bundle
    raise UserError(f"--bundle {where}: there is something else, which is kept; name another file")

"""Who signed a file, and whether it is still what was signed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import onnx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

import lstm_onnx as lo
from lstm_onnx.cli.app import run
from lstm_onnx.contract import METADATA_KEY
from lstm_onnx.verification.report import SignatureError
from lstm_onnx.verification.signature import METADATA_KEY as SIGNATURE
from lstm_onnx.verification.signature import sign
from lstm_onnx.verification.verify import verify

EXPORTED = Path(__file__).parents[2] / "exported"


def key_pair(folder: Path, name: str, private=None) -> tuple[Path, Path]:
    private = private or ed25519.Ed25519PrivateKey.generate()
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / f"{name}.pem").write_bytes(private.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    (folder / f"{name}.pub").write_bytes(private.public_key().public_bytes(pem, info))
    return folder / f"{name}.pem", folder / f"{name}.pub"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    for suffix in (".onnx", ".json"):
        shutil.copy(EXPORTED / f"vowels{suffix}", tmp_path / f"vowels{suffix}")
    return tmp_path / "vowels.onnx"


def test_a_signed_file_says_by_whom_and_is_otherwise_the_same(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    private, public = key_pair(tmp_path, "mine")
    assert run(["sign", str(file), "--key", str(private), "--json"]) == 0
    signer = json.loads(capsys.readouterr().out)["signer"]
    report = verify(file, key=public)
    assert report.passed
    assert report.checks[0].detail == f"signed by {signer}"
    assert verify(file).passed  # nobody asks
    sign(file, private)
    assert [p.key for p in onnx.load(file).metadata_props] == [METADATA_KEY, SIGNATURE]


def test_every_change_is_found_and_nothing_of_the_file_is_run(file: Path, tmp_path: Path) -> None:
    private, public = key_pair(tmp_path, "mine")
    sign(file, private)
    for change in ("weight", "contract", "node", "doc"):
        model = onnx.load(file)
        if change == "weight":
            tensor = model.graph.initializer[0]
            tensor.raw_data = bytes([tensor.raw_data[0] ^ 1]) + tensor.raw_data[1:]
        elif change == "contract":
            entry = next(p for p in model.metadata_props if p.key == METADATA_KEY)
            entry.value = entry.value.replace("speaker", "Speaker", 1) + " "
        elif change == "node":
            model.graph.node[0].name += "x"
        else:
            model.graph.doc_string += "x"
        changed = tmp_path / f"{change}.onnx"
        onnx.save(model, changed)
        report = verify(changed, key=public)
        assert [c.name for c in report.checks] == ["signature"], change
        with pytest.raises(SignatureError, match="was changed after"):
            report.raise_if_failed()


def test_another_signer_no_signature_and_a_broken_one(file: Path, tmp_path: Path) -> None:
    (private, _), (_, theirs) = key_pair(tmp_path, "mine"), key_pair(tmp_path, "theirs")
    with pytest.raises(SignatureError, match=r"is not signed, and .*theirs\.pub should have signed it"):
        verify(file, key=theirs).raise_if_failed()
    sign(file, private)
    with pytest.raises(SignatureError, match=r"is signed by somebody else than .*theirs\.pub"):
        verify(file, key=theirs).raise_if_failed()
    model = onnx.load(file)
    next(p for p in model.metadata_props if p.key == SIGNATURE).value = '{"signature": "?"}'
    onnx.save(model, file)
    with pytest.raises(SignatureError, match="has a signature that cannot be read"):
        verify(file, key=theirs).raise_if_failed()


def test_keys_that_are_none(file: Path, tmp_path: Path) -> None:
    with pytest.raises(lo.UserError, match="no such file; make one with: openssl genpkey -algorithm ed25519"):
        sign(file, tmp_path / "none.pem")
    (tmp_path / "text.pem").write_text("text")
    with pytest.raises(lo.UserError, match="is no private key in PEM"):
        sign(file, tmp_path / "text.pem")
    other, public = key_pair(tmp_path, "other", ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(lo.UserError, match="is no private key of Ed25519"):
        sign(file, other)
    with pytest.raises(lo.UserError, match="is no public key of Ed25519"):
        verify(file, key=public)

"""A bundle beside a file: written without a network, and accepted by sigstore's own tool."""

from __future__ import annotations

import builtins
import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

import lstm_onnx as lo
from lstm_onnx.cli.app import run
from lstm_onnx.verification.signature import sign
from lstm_onnx.verification.signature_bundle import sign_beside
from lstm_onnx.verification.verify import verify
from tests.verification.test_signature import EXPORTED, key_pair

try:
    import model_signing
except ImportError as missing:
    pytest.skip(f"sigstore's model-signing is not installed ({missing})", allow_module_level=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return Path(shutil.copy(EXPORTED / "vowels.onnx", tmp_path / "vowels.onnx"))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("signing with one's own key asks a network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def accepted(file: Path, bundle: Path, public: Path) -> bool:
    verification = ["verify", "key", file, "--signature", bundle, "--public_key", public]
    done = subprocess.run([sys.executable, "-m", model_signing.__name__, *verification], capture_output=True, text=True)
    assert done.returncode == (0 if "Verification succeeded" in done.stdout else 1), done.stderr
    assert done.returncode == 0 or "mismatch" in done.stdout + done.stderr
    return done.returncode == 0


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP521R1()], ids=lambda c: c.name)
def test_sigstores_tool_accepts_the_bundle_of_this_file_by_this_key_alone(
    file: Path, tmp_path: Path, curve: ec.EllipticCurve, capsys: pytest.CaptureFixture[str]
) -> None:
    private, public = key_pair(tmp_path, "mine", ec.generate_private_key(curve))
    _, theirs = key_pair(tmp_path, "theirs", ec.generate_private_key(curve))
    before, bundle = file.read_bytes(), tmp_path / "model.sig"
    for _ in range(2):  # the second takes the place of the first
        assert run(["sign", str(file), "--key", str(private), "--bundle", str(bundle), "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said == {"file": str(file), "bundle": str(bundle), "signer": said["signer"]}
    assert said["signer"] in bundle.read_text()
    assert file.read_bytes() == before
    assert accepted(file, bundle, public)
    assert not accepted(file, bundle, theirs)
    file.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    assert not accepted(file, bundle, public)


def test_both_signatures_of_a_file_hold(file: Path, tmp_path: Path) -> None:
    (inside, its_public), (beside, public) = (
        key_pair(tmp_path, "inside", ed25519.Ed25519PrivateKey.generate()),
        key_pair(tmp_path, "beside", ec.generate_private_key(ec.SECP256R1())),
    )
    sign(file, inside)
    sign_beside(file, beside, tmp_path / "model.sig")
    assert accepted(file, tmp_path / "model.sig", public)
    assert verify(file, key=its_public).passed


def test_keys_and_places_that_do_not_serve(file: Path, tmp_path: Path) -> None:
    private, _ = key_pair(tmp_path, "mine", ec.generate_private_key(ec.SECP256R1()))
    for other in (ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256K1())):
        wrong, _ = key_pair(tmp_path, "wrong", other)
        with pytest.raises(lo.UserError, match=r"takes a key of the curve P-256.*make one with: openssl ecparam"):
            sign_beside(file, wrong, tmp_path / "model.sig")
    before = file.read_bytes()
    for taken in (file, private, tmp_path):
        with pytest.raises(lo.UserError, match="there is something else, which is kept"):
            sign_beside(file, private, taken)
    assert file.read_bytes() == before
    (tmp_path / "text.onnx").write_text("text")
    with pytest.raises(lo.UserError, match=r"text\.onnx"):
        sign_beside(tmp_path / "text.onnx", private, tmp_path / "model.sig")
    assert not (tmp_path / "model.sig").exists()


def test_without_the_package_one_line_says_what_to_install(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private, _ = key_pair(tmp_path, "mine", ec.generate_private_key(ec.SECP256R1()))
    real = builtins.__import__

    def without(name: str, *args: object) -> object:
        if name.startswith("model_signing"):
            raise ModuleNotFoundError("No module named 'model_signing'")
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(lo.UserError, match=r"needs the package model-signing .*: pip install 'lstm-onnx\[sign\]'$"):
        sign_beside(file, private, tmp_path / "model.sig")

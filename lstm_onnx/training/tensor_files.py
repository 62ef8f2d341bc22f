"""Weights and checkpoints: safetensors files with a digest of their own content, so that no damage loads silently."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from lstm_onnx.data.atomic_files import write_atomically
from lstm_onnx.errors import UserError, first_line

_KEY = "sha256"


def save_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> None:
    """Write tensors by name, and texts by name beside them.

    Raises:
        UserError: the file cannot be written.
    """
    kept = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    texts = dict(metadata or {})
    write_atomically(path, save(kept, {**texts, _KEY: _digest(kept, texts)}))


def load_tensors(path: Path, of_release_0_1: Collection[str] = ()) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read what `save_tensors` wrote: tensors, and texts, by name.

    Args:
        path: the file.
        of_release_0_1: names of the texts that such a file had in release 0.1, which wrote no digest. A file with just
            these is taken as it is; a digest whose name was damaged leaves one name more.

    Raises:
        UserError: it is damaged: whatever changed, be it one bit of one weight.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}
            texts = dict(file.metadata() or {})
    except Exception as error:  # safetensors raises several kinds, none of them public
        reason = first_line(error)
        raise UserError(f"{path}: damaged ({reason}); restore it from a copy, or train again") from error
    said = texts.pop(_KEY, None)
    if said != _digest(tensors, texts) and not (said is None and set(texts) == set(of_release_0_1)):
        raise UserError(
            f"{path}: damaged (its content is not what was written); restore it from a copy, or train again"
        )
    return tensors, texts


def has_digest(path: Path) -> bool:
    """Whether a file that `load_tensors` reads says what it must hold; those of release 0.1 do not."""
    with safe_open(path, framework="pt") as file:
        return _KEY in (file.metadata() or {})


def _digest(tensors: Mapping[str, Tensor], texts: Mapping[str, str]) -> str:
    found = hashlib.sha256()
    for key, text in sorted(texts.items()):
        found.update(repr((key, text)).encode(errors="surrogatepass"))
    for name, tensor in sorted(tensors.items()):
        found.update(repr((name, str(tensor.dtype), tuple(tensor.shape))).encode(errors="surrogatepass"))
        found.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b"")
    return found.hexdigest()

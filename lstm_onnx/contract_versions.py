"""Contracts and scores of older versions, brought to the names of this one."""

from __future__ import annotations

from typing import Any

_VERSION_1_KINDS = {"clock": "time", "constants": "static", "cells": "text", "picture": "image"}


def in_current_names(content: Any) -> Any:
    """Bring the JSON of a contract of version 1 to the names of this one; anything else stays as it is."""
    if not isinstance(content, dict) or content.get("version") != 1:
        return content
    content = {**content, "version": 2}
    if "digests" in content:
        content["fingerprints"] = content.pop("digests")
    if isinstance(content.get("scores"), dict):
        content["scores"] = scores_of_version_1(content["scores"])
    axes = content.get("axes")
    if isinstance(axes, dict):
        content["axes"] = {name: _renamed(axis, typical="example_size") for name, axis in axes.items()}
    for side in ("inputs", "outputs"):
        if isinstance(content.get(side), list):
            content[side] = [_tensor_of_version_1(tensor) for tensor in content[side]]
    return content


def scores_of_version_1(scores: Any) -> Any:
    """Bring the JSON of scores, in a contract or a run folder of version 1, to the names of this one."""
    return _renamed(scores, headline="primary")


def _tensor_of_version_1(tensor: Any) -> Any:
    tensor = _renamed(tensor, ranked="is_scores", detail="internal")
    source = tensor.get("source") if isinstance(tensor, dict) else None
    if isinstance(source, dict) and isinstance(kind := source.get("kind"), str) and kind in _VERSION_1_KINDS:
        tensor = {**tensor, "source": {**source, "kind": _VERSION_1_KINDS[kind]}}
    return tensor


def _renamed(content: Any, **names: str) -> Any:
    return {names.get(k, k): v for k, v in content.items()} if isinstance(content, dict) else content

"""The opset and the IR version of a file."""

from __future__ import annotations

import onnx

from lstm_onnx.contract import (
    IR_VERSION,
)
from lstm_onnx.errors import UserError

LOWEST_OPSET = 18
"""The lowest opset that the torch exporter writes well."""


def lowest_ir(opset: int) -> int:
    """Return the lowest IR version that may carry an opset."""
    if opset == LOWEST_OPSET:
        return IR_VERSION
    try:
        return int(onnx.helper.find_min_ir_version_for([onnx.helper.make_opsetid("", opset)]))
    except ValueError:
        newest = onnx.defs.onnx_opset_version()
        raise UserError(f"--opset {opset}: onnx {onnx.__version__} knows opsets up to {newest}") from None

"""Says in a line why a module cannot be exported; the exporter itself says it in hundreds."""

from __future__ import annotations

import io
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr

import torch

from lstm_onnx.errors import UserError, first_line

_DECIDES = "forward decides by the value of a tensor, which a graph cannot; use torch.where instead of if"


@contextmanager
def in_a_line() -> Iterator[None]:
    """Turn the exporter's report into one line, the whole of it kept as its cause.

    Raises:
        UserError: the module cannot be exported.
    """
    logger, said = logging.getLogger("torch.fx.experimental.symbolic_shapes"), io.StringIO()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with redirect_stderr(said):  # torch prints the whole program before it raises
            yield
    except torch.onnx.OnnxExporterError as error:
        causes: list[BaseException] = [error]
        while (cause := causes[-1].__cause__) is not None:
            causes.append(cause)
        text = "\n".join(map(str, causes))
        reason = _DECIDES if re.search(r"data-dependent|DataDependent", text) else first_line(causes[-1])
        places = re.findall(r'File "([^"]+)", line (\d+), in forward\b', text)
        own = [(file, line) for file, line in places if "site-packages" not in file]
        place = f" (line {own[-1][1]} of {own[-1][0]})" if own else ""
        raise UserError(f"the module cannot be exported: {reason}{place}") from error
    except BaseException:
        sys.stderr.write(said.getvalue())
        raise
    else:
        sys.stderr.write(said.getvalue())
    finally:
        logger.setLevel(level)

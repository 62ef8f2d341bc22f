"""Sequences without padding are not masked, and come out as if beside a longer one."""

from __future__ import annotations

import pytest
import torch

from lstm_onnx.nn.lstm import LSTM


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", [False, True])
def test_they_come_out_as_they_would_with_padding(bidirectional: bool, cell: bool) -> None:
    torch.manual_seed(0)
    lstm, x = LSTM(3, 20, 2, bidirectional), torch.randn(5, 7, 3)
    whole = torch.full((5,), 7)
    padded = torch.cat([x, torch.full((5, 2, 3), torch.nan)], dim=1)
    y, (h, c) = lstm(x, whole, cell=cell)
    plain, (plain_h, plain_c) = lstm(x)
    assert torch.equal(y, plain) and torch.equal(h, plain_h) and torch.equal(c, plain_c)
    beside, (beside_h, beside_c) = lstm(padded, whole, cell=cell)
    torch.testing.assert_close(y, beside[:, :7], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(h, beside_h, rtol=1e-5, atol=1e-6)
    if cell:
        torch.testing.assert_close(c, beside_c, rtol=1e-5, atol=1e-6)


def test_one_that_is_shorter_is_masked() -> None:
    torch.manual_seed(0)
    lstm, x, lengths = LSTM(3, 20), torch.randn(2, 7, 3), torch.tensor([7, 4])
    y, (h, _) = lstm(x, lengths)
    assert y[1, 4:].abs().sum() == 0
    torch.testing.assert_close(h[0, 1], lstm(x[1:, :4])[1][0][0, 0], rtol=1e-5, atol=1e-6)

"""The graph between PyTorch and ONNX: how it is exported, joined, sampled and walked through."""

"""Programs in other languages around one model: what `lstm-onnx embed` writes. Knows contracts, and no task."""

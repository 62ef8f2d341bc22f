"""How fast lstm-onnx trains, answers and starts, beside others: `python -m benchmarks.speed`."""

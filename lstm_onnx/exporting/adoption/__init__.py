"""The steps of adopting a file, in the order of `lstm_onnx.exporting.adopt`."""

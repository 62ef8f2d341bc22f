"""LSTM in, ONNX out."""

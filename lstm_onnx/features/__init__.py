"""What a model takes and gives, a kind a file: each knows its columns, its tensors, its ONNX and its samples."""

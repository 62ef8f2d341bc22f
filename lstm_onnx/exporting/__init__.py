"""From a run folder to one `.onnx` file, or several variants of it, proved first."""

"""`python -m lstm_onnx` is `lstm-onnx`."""

from lstm_onnx.cli.app import main

main()

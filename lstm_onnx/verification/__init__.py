"""Holds a file against its contract, its own examples, PyTorch, and engines that share no code."""

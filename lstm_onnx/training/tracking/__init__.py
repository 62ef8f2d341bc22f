"""Observers of training that write to trackers of experiments, and how an observer is found by its name."""

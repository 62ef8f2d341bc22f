"""Scores a run or a file on data, beside naive baselines, and what a variant costs in quality."""

"""From examples to a run folder: options, the loop, scores, plots, and a run alive again."""

"""From examples to a run folder: options, the loop, scores, pictures, and a run alive again."""

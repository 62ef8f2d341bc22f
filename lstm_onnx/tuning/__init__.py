"""From one run to the best run: a search over the options that a task declares."""

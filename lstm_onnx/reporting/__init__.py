"""One page that says what a model is, how well it answers, what it costs, and what was proved of it."""

"""How times are written: decided for a column as a whole, followed ever after, and written back the same way."""

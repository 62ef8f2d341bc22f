"""How many rows a second, and how much memory, whatever the rows."""

"""Answers for a person's data by an exported file and its contract alone; never loads torch."""

"""Finds plugins and asks their hooks."""

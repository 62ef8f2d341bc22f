"""Builds the site out of `docs/`: what is made from the code, notebooks with real output, links out of the folder."""

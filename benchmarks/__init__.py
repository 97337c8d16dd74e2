"""Figures against the stock path; each module is one command that prints its table."""

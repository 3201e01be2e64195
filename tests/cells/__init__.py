"""Cells: run for real by tox, and their evidence, right and wrong."""

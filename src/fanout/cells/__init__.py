"""Cells of the matrix: what there is to run, running it, and reading what that leaves behind."""

"""What consumers use, read from their code."""

"""Runs as documents, the database, and its answers."""

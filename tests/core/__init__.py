"""Cores: the table of Core refs against an index."""

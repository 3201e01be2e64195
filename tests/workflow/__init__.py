"""A run on GitHub: its parts, and the real workflow under act."""

"""Real HTTP servers that stand in for the index and for GitHub, for tests alone."""

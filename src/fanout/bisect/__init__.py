"""The search for the Core ref, or the commit, that broke a promise."""

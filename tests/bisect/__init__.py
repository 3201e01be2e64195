"""The search for what broke a promise."""

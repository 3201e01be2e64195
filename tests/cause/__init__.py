"""Why a promise broke, and who will notice."""

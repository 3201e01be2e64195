"""Why a promise broke, and who will notice: what changed, and which promises meet it."""

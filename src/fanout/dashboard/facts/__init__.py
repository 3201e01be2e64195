"""What the history says, as the pages need it."""

"""What a run on GitHub is: asked for, planned, its evidence taken in, concluded."""

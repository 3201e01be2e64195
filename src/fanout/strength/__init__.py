"""What a pack would catch: its promises on mutants of Core, one change each."""

"""What may become of a Core: every kind of change, of each thing that it has."""

"""What a Core looks like from outside, read from its source without importing it."""

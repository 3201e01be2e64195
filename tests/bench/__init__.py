"""What things cost: timed, never asserted."""

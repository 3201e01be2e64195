"""Reads what every contract-test cell left behind, and says what it means for Core."""

"""What a release of a consumer needs of a Core, and whether that Core has it."""

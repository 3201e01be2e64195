"""What a pack pins of what its consumer uses, and what all packs pin of a Core."""

"""The first draft of a pack, written from what a consumer's release uses of Core."""

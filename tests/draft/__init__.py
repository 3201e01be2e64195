"""The first draft of a pack, on made-up Cores and consumers."""

"""A Core as people name it, resolved to the bytes that a cell installs."""

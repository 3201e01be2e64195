"""The packages that build on Core: what they declare, use of it, and can be installed with."""

"""The packages that build on Core: what their releases use of it, read without running them."""

"""The strength of packs, on a Core in which every kind of change happens."""

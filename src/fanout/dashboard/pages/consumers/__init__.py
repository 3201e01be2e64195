"""The consumers: all of them beside every Core, and a page for each."""

"""The dashboard: a static site of what the history says, made of templates and data."""

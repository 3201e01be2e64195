"""Verdicts and the answer: by table, by property, by real checks."""

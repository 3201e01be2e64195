"""The answer of the gate in words, and its text, Markdown and JUnit."""

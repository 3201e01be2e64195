"""An answer in words: for a terminal, as Markdown, as JUnit."""

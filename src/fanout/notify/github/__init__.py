"""What is told on GitHub: a status, a comment, issues; each safe to repeat."""

"""Who is told what, once: by messages, and on GitHub."""

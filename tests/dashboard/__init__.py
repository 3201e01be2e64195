"""The site: its pages, its data, and a reader of them in a browser."""

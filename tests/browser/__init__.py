"""A reader of pages, with a browser and without, for tests alone."""

"""What tox.ini cannot say itself: the cells of the matrix, and what a run makes of them."""

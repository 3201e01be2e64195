"""One module for each command of `fanout`: read, call, print, and end with an exit code."""

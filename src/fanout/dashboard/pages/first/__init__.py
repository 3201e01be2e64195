"""The first page: may we release what is next, what is released, and every pack on every Core."""

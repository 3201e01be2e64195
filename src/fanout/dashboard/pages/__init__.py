"""What people see: one module a kind of page."""

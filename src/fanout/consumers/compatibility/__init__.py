"""Which releases of consumers go with which Cores."""

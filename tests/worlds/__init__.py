"""Made-up Cores, packs, checkouts and runs, for tests alone."""

"""What the evidence means for a release: a verdict for each promise, one answer for all."""

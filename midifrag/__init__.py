"""midifrag."""

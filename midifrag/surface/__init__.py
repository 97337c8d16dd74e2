"""Controllers seen from the output side: pad state to bytes."""

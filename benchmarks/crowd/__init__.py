"""Many performers at one server: what `benchmarks.serve_crowd` simulates, and plays at real replicas beside it."""

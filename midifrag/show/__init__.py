"""What runs around the bridge: its threads and wiring, watchers, lights, the log, clips and shows played again."""

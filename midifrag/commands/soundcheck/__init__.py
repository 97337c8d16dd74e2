"""``midifrag soundcheck``: all that a show needs is tried, and each pad is rendered and heard once."""

"""``midifrag soundcheck``: all that a show needs is tried, and each pad rendered and heard once, before anybody listens."""

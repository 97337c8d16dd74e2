"""Engines for other machines: jobs that outlive connections, and the ways in.

Jobs and what they may ask for: `jobs`, `quotas`, `standing`. A replica, which has engines: `replica`, and which of them
a request goes to: `ranking`. The ways in: `tokens`, `session`, `ingress`. On Ray Serve: `ray_app`, `ray_settings`, and
`ray_routing`, which alone uses what Ray calls alpha.
"""

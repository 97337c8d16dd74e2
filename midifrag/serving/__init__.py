"""Engines for other machines: jobs that outlive connections, and the ways in.

Jobs, what they may ask for, and what is told of them: `jobs`, `quotas`, `standing`, `telling`. A replica, which has
engines: `replica`, and which of them a request goes to: `ranking`. The ways in, which ask a `desk`: `tokens`,
`session`, `ingress`, `metrics`. On Ray Serve: `ray_app`, `ray_server`, `ray_settings`, and `ray_routing`, which alone
uses what Ray calls alpha.
"""

"""Engines for other machines: jobs that outlive connections, and the ways in.

Jobs, what they may ask for, and what is told of them: `jobs`, `quotas`, `standing`, `telling`. A replica, which has
engines, as many as there is memory for: `replica`, `shelved_pool`, `shelf`; and which of them a request goes to:
`ranking`. The ways in, which ask a `desk`: `tokens`, `session`, `rates`, `ingress`, `metrics`, at an `address`. What is
served: `planning`, `plan`, and `grouping`, which models share replicas. On Ray Serve: `ray_app`, `ray_desk`,
`ray_server`, `ray_settings`, `ray_build` for its own commands, `places`, and `ray_routing`, which alone uses what Ray
calls alpha.
"""

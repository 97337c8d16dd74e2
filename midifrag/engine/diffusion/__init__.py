"""The diffusion worker: requests in flight, advanced together step by step."""

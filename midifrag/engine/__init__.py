"""Engines: what turns a render request into audio."""

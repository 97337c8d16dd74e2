"""Samplers that read files: what they are given beside the slots, and how they are told that it has changed."""

"""Ableton Live: the show's side, and the script that runs in Live."""

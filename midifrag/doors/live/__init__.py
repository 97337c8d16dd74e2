"""The door into Ableton Live: the show's side of what a control surface script does there."""

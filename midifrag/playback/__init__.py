"""The player: fragments become sound, from this machine's own output, in a process of its own."""

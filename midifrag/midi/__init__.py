"""MIDI: ports, decoding, mapping, takeover, clock, clips; `messages` is what the rest of the package sees."""

"""MIDI in: ports, decoding, mapping, takeover, clock."""

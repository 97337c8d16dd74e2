"""MIDI: ports, decoding, mapping, transport; `messages` is what the rest of the package sees."""

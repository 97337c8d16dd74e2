"""From take to fragment: post-processing, slots, archive. No MIDI, no torch."""

"""Open Sound Control over UDP: what lands is told to other programs, and they press pads."""

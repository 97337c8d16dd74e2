"""The Max for Live device, which `tools.max_device` makes: `midifrag max` copies it out."""

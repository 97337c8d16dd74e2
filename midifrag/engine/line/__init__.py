"""The line between a show and engines on another machine: versioned messages of our own, in binary frames."""

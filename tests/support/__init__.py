"""Stand-ins that the tests of several rooms share."""

"""Stand-ins that the tests of several rooms share."""

#: Seconds for what is sure to come about: far more than a busy machine needs, so that only what never comes fails.
PATIENCE = 300.0

"""Stand-ins that the tests of several rooms share."""

import os

#: Seconds for what is sure to come about: far more than a busy machine needs, so that only what never comes fails.
PATIENCE = 300.0


def unmeasured() -> dict[str, str]:
    """The environment without what makes a process measure its coverage, which would be a part of what it imports."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}

"""Start the fake Live."""

from tests.doors.live.fake.process import main

main()

from midifrag.events import JobTimes


def test_the_time_until_a_landing_needs_one():
    assert JobTimes(1.0).until_landed is None
    assert JobTimes(1.0, landed=1.5).until_landed == 0.5
    assert JobTimes(1.0, queued=1.25).reached() == {"pressed": 1.0, "queued": 1.25}

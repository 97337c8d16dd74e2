from midifrag.fragment.appointments import EARLY, After, Appointment


def test_a_replacement_begins_before_its_moment_and_before_what_leads_up_to_it():
    one = Appointment(
        job=1,
        at=104.0,
        lead=0.5,
        hand=None,
        swap=None,
        wall=lambda moment: moment,
        landed=lambda: After(lambda: True, lambda: None),
        done=lambda _outcome: None,
    )
    assert one.due == 104.0 - 0.5 - EARLY
    one.at = 108.0
    assert one.due == 108.0 - 0.5 - EARLY

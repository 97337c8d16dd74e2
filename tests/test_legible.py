from midifrag.legible import legible


def test_what_controls_a_screen_is_written_out_and_letters_stay():
    assert legible("R&B ü 雨") == "R&B ü 雨"
    assert legible("a\nb\x1b[2J\u202ec") == "a\\nb\\x1b[2J\\u202ec"


def test_of_a_long_text_the_middle_is_left_out():
    short = legible("a" * 5000 + "b" * 5000)
    assert short == "a" * 400 + " … " + "b" * 200

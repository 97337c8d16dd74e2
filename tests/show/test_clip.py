import mido
import pytest

from midifrag.errors import ClipError
from midifrag.show.clip import read_clip


def write(path, *tracks, kind=1):
    file = mido.MidiFile(type=kind, ticks_per_beat=100)
    file.tracks.extend(mido.MidiTrack(track) for track in tracks)
    file.save(path)
    return path


def on(note, time=0):
    return mido.Message("note_on", note=note, velocity=100, time=time)


def tempo(bpm, time=0):
    return mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm), time=time)


def test_tempo_changes_and_tracks_are_merged(tmp_path):
    path = write(
        tmp_path / "c.mid", [tempo(60), tempo(120, time=100)], [on(36), on(37, 100), on(38, 100)], [on(40, 150)]
    )
    clip = read_clip(path)
    assert [(round(second, 6), message.note) for second, message in clip.messages] == [
        (0.0, 36),
        (1.0, 37),
        (1.25, 40),
        (1.5, 38),
    ]
    assert clip.presses == 4
    assert clip.seconds == pytest.approx(1.5)


def test_speed(tmp_path):
    clip = read_clip(write(tmp_path / "c.mid", [tempo(60), on(36, 100)]))
    assert [second for second, _ in clip.at_speed(4)] == [0.25]
    for speed in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="above 0"):
            clip.at_speed(speed)


def test_a_chord_keeps_its_instant_and_programs_and_controls_stay(tmp_path):
    track = [mido.Message("program_change", program=3), mido.Message("control_change", control=21, value=9)]
    track += [on(note) for note in range(36, 48)] + [mido.Message("note_on", note=36, velocity=0, time=10)]
    clip = read_clip(write(tmp_path / "c.mid", track, kind=0))
    assert clip.presses == 12
    assert [second for second, _ in clip.messages[:14]] == [0.0] * 14


def test_smpte_time_needs_no_tempo(tmp_path):
    path = tmp_path / "c.mid"
    # 25 frames of 40 ticks: milliseconds.
    track = bytes.fromhex("00ff5103030d40 8768 902464 8768 2500 00ff2f00")
    path.write_bytes(bytes.fromhex("4d546864 00000006 0000 0001 e728 4d54726b") + len(track).to_bytes(4) + track)
    clip = read_clip(path)
    assert [second for second, _ in clip.messages] == [1.0, 2.0]
    assert clip.seconds == 2.0


def test_what_was_odd_is_kept_with_the_clip(tmp_path):
    path = write(tmp_path / "c.mid", [on(36)], kind=0)
    path.write_bytes(path.read_bytes()[:-1])
    clip = read_clip(path)
    assert clip.presses == 1
    assert clip.notes == ("track 1 ends 1 bytes early; what is there is played",)


def test_one_pattern_of_a_type_2_file_is_played(tmp_path):
    assert read_clip(write(tmp_path / "c.mid", [on(1)], kind=2)).presses == 1


def test_a_folder_is_no_clip(tmp_path):
    with pytest.raises(ClipError, match="cannot be read"):
        read_clip(tmp_path)


def test_missing(tmp_path):
    with pytest.raises(ClipError, match="no such file"):
        read_clip(tmp_path / "none.mid")


def test_empty_and_independent_patterns(tmp_path):
    with pytest.raises(ClipError, match="holds no notes"):
        read_clip(write(tmp_path / "c.mid", [tempo(60)]))
    with pytest.raises(ClipError, match="type 2"):
        read_clip(write(tmp_path / "d.mid", [on(1)], [on(2)], kind=2))


def test_every_broken_file_is_a_clip_error_or_a_clip(tmp_path):
    whole = write(tmp_path / "c.mid", [tempo(60), on(36, 10), on(37, 10)]).read_bytes()
    broken = [whole[:cut] for cut in range(len(whole))] + [b"", b"RIFF" * 20, bytes(100)]
    broken += [whole[:at] + bytes([byte]) + whole[at + 1 :] for at in range(len(whole)) for byte in (0, 127, 255)]
    path = tmp_path / "broken.mid"
    outcomes = set()
    for data in broken:
        path.write_bytes(data)
        try:
            outcomes.add(type(read_clip(path)).__name__)
        except ClipError as error:
            outcomes.add(str(error).startswith(str(path)))
    assert outcomes == {"Clip", True}

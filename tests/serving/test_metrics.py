"""What Prometheus reads of a server."""

from midifrag.engine.line.messages import ModelStatus
from midifrag.serving.metrics import exposition

STATUS = ModelStatus(
    model='a "b"\\', state="ready", replicas=2, queued=1, rendering=3, rendered=40, failed=1, step_ms=12.5
)


def test_each_number_is_there_with_its_kind_and_its_model():
    text = exposition([STATUS], 5)
    lines = text.splitlines()
    assert "midifrag_connections 5" in lines
    at = lines.index("# TYPE midifrag_rendered_total counter")
    assert lines[at - 1 : at + 2] == [
        "# HELP midifrag_rendered_total takes since the start",
        "# TYPE midifrag_rendered_total counter",
        r'midifrag_rendered_total{model="a \"b\"\\"} 40',
    ]
    assert r'midifrag_step_seconds{model="a \"b\"\\"} 0.0125' in lines
    assert r'midifrag_uploading{model="a \"b\"\\"} 0' in lines
    assert r'midifrag_ready{model="a \"b\"\\"} 1' in lines
    assert text.endswith("\n")


def test_what_is_not_known_yet_is_left_out():
    assert "audio_seconds" not in exposition([STATUS], 0)
    assert exposition([], 0).count("midifrag_connections") == 3

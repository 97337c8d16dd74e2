"""From a set to what is served."""

import pytest

from midifrag.config.serving import Range
from midifrag.serving import planning
from midifrag.serving.grouping import SHARED
from midifrag.serving.quotas import Quota
from tests.support.shows import loaded

GB = 1_000_000_000
SIZES = {"sketch": 0, "pocket": GB // 2, "open": 5 * GB, "far": None}


@pytest.fixture
def plan(monkeypatch):
    monkeypatch.setattr(planning, "size_of", lambda _loaded, name: SIZES[name])

    def made(*names, boxes=(8.0,), gpus=0.0, grows=False, replicas=None, **show):
        return planning.planner(loaded(**show), names, replicas)(list(boxes), gpus, grows)

    return made


def test_models_are_grouped_by_their_size_and_the_sets_numbers_count(plan):
    made = plan("open", "sketch", "pocket", "far", serve={"replicas": "1-4", "in_flight": 3, "memory_gb": 1})
    assert [group.models for group in made.groups] == [("sketch", "pocket"), ("open",), ("far",)]
    assert made.groups[0].name == SHARED
    assert (made.models[0], made.replicas, made.in_flight, made.room) == ("open", (1, 4), 3, GB)
    assert made.sizes == {"open": 5 * GB, "sketch": 0, "pocket": GB // 2}
    assert plan("open", serve={"large_gb": 6}).groups[0].name == SHARED


def test_what_is_taken_of_uploads_and_of_calls_and_how_long_the_end_takes_is_the_sets(plan):
    made = plan("sketch", serve={"uploads": {"lora_mb": 7}, "drain_seconds": 9, "connections": 5})
    assert (made.uploads.lora, made.drain_seconds, made.quota) == (7_000_000, 9, Quota(connections=5))
    assert plan("sketch").quota == Quota()


def test_the_command_line_says_how_many_instead_of_the_set(plan):
    assert plan("sketch", serve={"replicas": 2}, replicas=Range(1, 3)).replicas == (1, 3)


def test_a_gpu_each_where_there_are_some_and_the_set_does_not_say_otherwise(plan):
    assert plan("open", gpus=1).share.gpus == 1
    assert plan("open", "sketch", gpus=1).share.gpus == 1 / 2
    assert plan("open", "sketch", gpus=1, grows=True).share.gpus == 1
    assert plan("open", gpus=1, engine={"device": "cpu"}).share.gpus == 0
    assert plan("open", gpus=0).share.gpus == 0


def test_a_cluster_that_has_yet_to_start_its_cards_is_asked_for_them_where_the_set_says_so(plan):
    cuda = {"device": "cuda:1"}
    assert plan("open", grows=True).share.gpus == 0
    assert plan("open", grows=True, engine=cuda).share.gpus == 1
    # On a machine without a card, its engine says what is missing.
    assert plan("open", engine=cuda).share.gpus == 0
    # A replica has one card, whichever that is.
    assert plan("open", gpus=2, engine=cuda).choices["open"].device == "cuda"


def test_how_large_models_are(tmp_path):
    show = loaded()
    assert planning.size_of(show, "sketch") == 0
    (tmp_path / "mine.ckpt").write_bytes(bytes(998))
    mine = {"config": str(tmp_path / "mine.json"), "checkpoint": str(tmp_path / "mine.ckpt")}
    assert planning.size_of(loaded(models={"mine": mine}), "mine") == 998
    assert planning.size_of(show, "pocket") > 1_000_000
    assert planning.size_of(loaded(models={"gone": {"folder": str(tmp_path / "gone")}}), "gone") is None
    assert planning.size_of(loaded(models={"far": {"hub": "nobody/has-this"}}), "far") is None

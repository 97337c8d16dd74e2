from __future__ import annotations

from midifrag.engine.loading import cache, encoder_files
from tests.engine.hub_server import COMMIT, Repository


def test_a_tokenizer_in_a_folder_of_its_repository(server, cache_folder):
    words = {"tokenizer_config.json": b"{}", "vocab.json": b"{}", "merges.txt": b"#version"}
    server.repositories["someone/model"] = Repository({f"in/words/{name}": one for name, one in words.items()})
    snapshot = cache.Snapshot("someone/model", COMMIT, cache_folder / "models--someone--model" / "snapshots" / COMMIT)
    assert not encoder_files.fetch_tokenizer_beside(snapshot, "words")
    assert encoder_files.fetch_tokenizer_beside(snapshot, "in/words")
    assert sorted(snapshot.files()) == sorted(f"in/words/{name}" for name in words)
    server.log.clear()
    assert encoder_files.fetch_tokenizer_beside(snapshot, "in/words")
    assert server.log == []

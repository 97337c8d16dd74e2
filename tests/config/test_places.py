"""Settings that name a place."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from midifrag.config.places import Address, Folder, ModelPath, Repository, Revision


@pytest.mark.parametrize("name", ["takes", "~/takes", "a folder", "/net/drive/ü"])
def test_a_folder_keeps_the_name_it_was_given(name):
    assert TypeAdapter(Folder).validate_python(name) == name


@pytest.mark.parametrize(
    ("name", "words"),
    [(" ", "is empty; name a folder"), ("a\0b", "has a character that no name can have")],
)
def test_what_can_be_no_folder_is_refused_with_the_reason(name, words):
    with pytest.raises(ValidationError, match=words):
        TypeAdapter(Folder).validate_python(name)


@pytest.mark.parametrize("name", ["m", "~/m/model.ckpt", "C:/m", "C:\\m", "a:b"])
def test_a_models_path_keeps_the_name_it_was_given(name):
    assert TypeAdapter(ModelPath).validate_python(name) == name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("https://huggingface.co/a/b/resolve/main/model.ckpt", "write hub: a/b"),
        ("https://example.org/model.ckpt", "hub: owner/name"),
        ("file:///home/me/m", "write the path alone"),
    ],
)
def test_an_address_is_no_models_path(name, words):
    with pytest.raises(ValidationError, match=f"is an address, and no path of this machine.*{words}"):
        TypeAdapter(ModelPath).validate_python(name)


@pytest.mark.parametrize("name", ["127.0.0.1", "0.0.0.0", "::1", "stage.local", "bühne.local"])
def test_an_address_keeps_the_name_it_was_given(name):
    assert TypeAdapter(Address).validate_python(name) == name


@pytest.mark.parametrize("name", ["my machine", "a\nb", "a..b", "x" * 64])
def test_what_can_be_no_address_is_refused_with_the_way_out(name):
    with pytest.raises(ValidationError, match=r"is no address; 127\.0\.0\.1 is this machine's own"):
        TypeAdapter(Address).validate_python(name)


@pytest.mark.parametrize("name", ["owner/name", " owner/name/ ", "owner/name/"])
def test_a_repository_is_an_owner_and_a_name(name):
    assert TypeAdapter(Repository).validate_python(name) == "owner/name"


@pytest.mark.parametrize("name", ["main", "v1.0", "refs/pr/3", "0123abcd"])
def test_a_revision_keeps_the_name_it_was_given(name):
    assert TypeAdapter(Revision).validate_python(name) == name

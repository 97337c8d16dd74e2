"""Where the set that comes with midifrag lies: at the root of a checkout, or inside an installed package."""

from pathlib import Path

from midifrag.config import shipped


def test_a_checkout_has_it_at_its_root():
    assert shipped.shipped_path() == Path(shipped.__file__).parents[2] / "presets.yaml"
    assert shipped.shipped_path().is_file()


def test_an_installed_package_has_it_inside(tmp_path, monkeypatch):
    inside = tmp_path / "midifrag" / "shipped" / "presets.yaml"
    inside.parent.mkdir(parents=True)
    inside.write_text("model: sketch\n")
    monkeypatch.setattr(shipped, "__file__", str(tmp_path / "midifrag" / "config" / "shipped.py"))
    assert shipped.shipped_path() == inside

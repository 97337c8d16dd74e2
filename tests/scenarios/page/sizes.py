"""The screens that the page has a layout for."""

import pytest

#: Width and height in pixels, and whether it is touched.
SIZES = {
    "large": (1920, 1080, False),
    "laptop": (1280, 800, False),
    "tablet": (820, 1180, True),
    "phone": (390, 844, True),
    "phone on its side": (844, 390, True),
}
#: Their names, of which the short form of the tests looks at these.
EACH = [name if name == "phone" else pytest.param(name, marks=pytest.mark.thorough) for name in SIZES]

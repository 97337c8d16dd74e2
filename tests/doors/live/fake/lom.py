"""What all objects of Live's have in common: listeners, deletion, and what happens at a touch after it."""

from __future__ import annotations

from typing import Any, Callable, Iterable, Iterator

from tests.doors.live.fake.rules import RULES


class ArgumentError(TypeError):
    """As Boost.Python's, which is what a deleted object raises."""


class LomObject:
    """``_parent`` is what it lies in; who deletes it calls `_die`."""

    def __init__(self, parent: Any) -> None:
        self._parent = parent
        self._is_alive = True
        self._listeners: dict[str, list[Callable[[], None]]] = {}

    def __eq__(self, other: object) -> bool:
        if other is None:
            return not self._is_alive
        return self is other

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = object.__hash__

    @property
    def canonical_parent(self) -> Any:
        self._touch("canonical_parent")
        return self._parent

    def _touch(self, what: str) -> None:
        if not self._is_alive:
            raise ArgumentError(f"Python argument types in\n    None.{what}(None)\ndid not match C++ signature")

    def _change(self, what: str) -> None:
        """The script writes to it."""
        self._touch(what)
        RULES.check_write(f"{type(self).__name__}.{what}")

    def _children(self) -> Iterable[LomObject]:
        return ()

    def _die(self) -> None:
        """It and all in it are deleted. Nobody is told."""
        self._is_alive = False
        self._listeners = {}
        for child in self._children():
            child._die()

    def _tell(self, name: str) -> None:
        for callback in list(self._listeners.get(name, ())):
            RULES.listeners_deep += 1
            try:
                callback()
            finally:
                RULES.listeners_deep -= 1


class Read(property):
    """A member that only Live itself changes: what an object keeps under ``attribute``."""

    def __init__(self, attribute: str) -> None:
        super().__init__(self._read)
        self._attribute, self._name = attribute, ""

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    def _read(self, one: Any) -> Any:
        one._touch(self._name)
        return getattr(one, self._attribute)


class Several(Read):
    """The same of several things, as Live returns them."""

    def _read(self, one: Any) -> Any:
        return Vector(super()._read(one))


def listens(*names: str) -> Callable[[type], type]:
    """A class's properties that can be listened to, with Live's three methods each."""

    def with_listeners(cls: type) -> type:
        for name in names:
            _give(cls, name)
        return cls

    return with_listeners


def _give(cls: type, name: str) -> None:
    def add(self: Any, callback: Callable[[], None]) -> None:
        self._touch(f"add_{name}_listener")
        if callback in self._listeners.setdefault(name, []):
            raise RuntimeError("Observer already connected")
        self._listeners[name].append(callback)

    def has(self: Any, callback: Callable[[], None]) -> bool:
        self._touch(f"{name}_has_listener")
        return callback in self._listeners.get(name, ())

    def remove(self: Any, callback: Callable[[], None]) -> None:
        self._touch(f"remove_{name}_listener")
        if callback not in self._listeners.get(name, ()):
            raise RuntimeError("Observer not connected")
        self._listeners[name].remove(callback)

    setattr(cls, f"add_{name}_listener", add)
    setattr(cls, f"{name}_has_listener", has)
    setattr(cls, f"remove_{name}_listener", remove)


@listens("name")
class Named(LomObject):
    """One that has a name, which can be changed and listened to."""

    def __init__(self, parent: Any, name: str) -> None:
        super().__init__(parent)
        self._name = name

    @property
    def name(self) -> str:
        self._touch("name")
        return self._name

    @name.setter
    def name(self, value: str) -> None:
        self._change("name")
        self._name = text(value)
        self._tell("name")


class Vector:
    """What Live returns for several of something: no list."""

    def __init__(self, items: Iterable[Any]) -> None:
        self._items = tuple(items)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __getitem__(self, index: Any) -> Any:
        return Vector(self._items[index]) if isinstance(index, slice) else self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, item: object) -> bool:
        return item in self._items


def text(value: object) -> str:
    if not isinstance(value, str):
        raise ArgumentError("did not match C++ signature: str")
    return value


def number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ArgumentError("did not match C++ signature: float")
    return float(value)


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ArgumentError("did not match C++ signature: bool")
    return value

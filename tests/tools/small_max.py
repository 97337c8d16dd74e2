"""As much of Max as the device's messages need, by Max's reference: cold and hot inlets, and right before left.

What makes sound only notes what it is told. Of several boxes on one outlet the one furthest right is first, and of
those in one column the lowest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeAlias

#: A message: a word or number, and what follows it. A bang is the word alone.
Message: TypeAlias = tuple[Any, ...]
BANG: Message = ("bang",)


class Bus:
    """What ``send`` and ``receive`` share, over all devices."""

    def __init__(self) -> None:
        self.receivers: dict[str, list[Callable[[Message], None]]] = defaultdict(list)

    def send(self, name: str, message: Message) -> None:
        for receiver in self.receivers[name]:
            receiver(message)


class SmallMax:
    """One device that runs; ``told`` has what each box that only takes was told, by its text or kind."""

    def __init__(self, patch: dict[str, Any], bus: Bus, identity: int) -> None:
        self.boxes = {one["box"]["id"]: one["box"] for one in patch["boxes"]}
        self.told: dict[str, list[tuple[int, Message]]] = defaultdict(list)
        self._bus, self._identity = bus, identity
        self._held: dict[tuple[str, int], Any] = {}
        self._lines: dict[tuple[str, int], list[tuple[str, int]]] = defaultdict(list)
        for one in patch["lines"]:
            line = one["patchline"]
            self._lines[tuple(line["source"][:2])].append(tuple(line["destination"][:2]))
        for leads in self._lines.values():
            leads.sort(key=lambda lead: self.boxes[lead[0]]["patching_rect"][:2], reverse=True)
        for box in self.boxes.values():
            if self.name(box) == "receive":
                bus.receivers[self.words(box)[0]].append(lambda message, box=box: self.out(box, 0, message))

    @staticmethod
    def name(box: dict[str, Any]) -> str:
        return box["text"].split()[0] if box["maxclass"] == "newobj" else box["maxclass"]

    @staticmethod
    def words(box: dict[str, Any]) -> list[Any]:
        skip = 0 if box["maxclass"] == "message" else 1
        return [_number(word) for word in box["text"].split()[skip:]]

    def load(self) -> None:
        """Begin, as when it is put onto a track: parameters say their values, then the device that it is there."""
        for box in self.boxes.values():
            if box.get("parameter_enable"):
                self.out(box, 0, tuple(box["saved_attribute_attributes"]["valueof"]["parameter_initial"]))
        for kind in ("loadbang", "live.thisdevice"):
            for box in self.kind(kind):
                self.out(box, 0, BANG)

    def kind(self, name: str) -> list[dict[str, Any]]:
        return [box for box in self.boxes.values() if self.name(box) == name]

    def say(self, name: str, *message: Any) -> None:
        """Let the one box of a kind say something."""
        (box,) = self.kind(name)
        self.out(box, 0, message)

    def note(self, pitch: int, velocity: int) -> None:
        """A note on the device's track."""
        (box,) = self.kind("notein")
        for outlet, value in ((2, 1), (1, velocity), (0, pitch)):
            self.out(box, outlet, (value,))

    def out(self, box: dict[str, Any], outlet: int, message: Message) -> None:
        for target, inlet in self._lines[box["id"], outlet]:
            self._take(self.boxes[target], inlet, message)

    def _take(self, box: dict[str, Any], inlet: int, message: Message) -> None:
        name = self.name(box)
        act = getattr(self, "_" + _ACTS.get(name, name), None)
        if act is None:
            self.told[box.get("text") or name].append((inlet, message))
        elif inlet and name != "gate":
            self._held[box["id"], inlet] = message[0]
        else:
            act(box, inlet, message)

    def _hold(self, box: dict[str, Any], inlet: int, otherwise: Any) -> Any:
        return self._held.get((box["id"], inlet), otherwise)

    # --- objects -----------------------------------------------------------------------------------------------------

    def _message(self, box: dict[str, Any], _inlet: int, _message: Message) -> None:
        self.out(box, 0, tuple(self.words(box)))

    def _prepend(self, box: dict[str, Any], _inlet: int, message: Message) -> None:
        self.out(box, 0, (*self.words(box), *message))

    def _nth(self, box: dict[str, Any], _inlet: int, message: Message) -> None:
        self.out(box, 0, (message[self.words(box)[0] - 1],))

    def _route(self, box: dict[str, Any], _inlet: int, message: Message) -> None:
        words = self.words(box)
        if message[0] in words:
            self.out(box, words.index(message[0]), message[1:] or BANG)

    def _select(self, box: dict[str, Any], _inlet: int, message: Message) -> None:
        words = self.words(box)
        if message[0] in words:
            self.out(box, words.index(message[0]), BANG)

    def _trigger(self, box: dict[str, Any], _inlet: int, message: Message) -> None:
        kinds = self.words(box)
        for outlet in reversed(range(len(kinds))):
            self.out(box, outlet, BANG if kinds[outlet] == "bang" else message)

    def _gate(self, box: dict[str, Any], inlet: int, message: Message) -> None:
        if inlet == 0:
            self._held[box["id"], 0] = message[0]
        elif self._hold(box, 0, 0):
            self.out(box, 0, message)

    def _store(self, box: dict[str, Any], _inlet: int, message: Message) -> None:
        if message != BANG:
            self._held[box["id"], 1] = message[0]
        value = self._hold(box, 1, 0)
        self.out(box, 0, (int(value) if self.name(box) == "int" else float(value),))

    def _pack(self, box: dict[str, Any], _inlet: int, message: Message) -> None:
        if message != BANG:
            self._held[box["id"], 0] = message[0]
        self.out(box, 0, tuple(int(self._hold(box, inlet, 0)) for inlet in range(len(self.words(box)))))

    def _unpack(self, box: dict[str, Any], _inlet: int, message: Message) -> None:
        for outlet in reversed(range(len(message))):
            self.out(box, outlet, (message[outlet],))

    def _compare(self, box: dict[str, Any], _inlet: int, message: Message) -> None:
        left, right = message[0], self._hold(box, 1, 0)
        answers = {"==": left == right, "!=": left != right, "&&": bool(left and right)}
        self.out(box, 0, (int(answers[self.name(box)]),))

    def _divide(self, box: dict[str, Any], _inlet: int, message: Message) -> None:
        self.out(box, 0, (message[0] / self._hold(box, 1, self.words(box)[0]),))

    def _expr(self, box: dict[str, Any], _inlet: int, message: Message) -> None:
        formula = box["text"].partition(" ")[2]
        for inlet in range(3):
            value = message[0] if inlet == 0 else self._hold(box, inlet, 0)
            formula = formula.replace(f"$i{inlet + 1}", str(int(value)))
        self.out(box, 0, (int(eval(formula)),))

    def _send(self, box: dict[str, Any], _inlet: int, message: Message) -> None:
        self._bus.send(self.words(box)[0], message)

    def _path(self, box: dict[str, Any], _inlet: int, message: Message) -> None:
        assert message == ("path", "this_device")
        self.out(box, 0, ("id", self._identity))


_ACTS = {
    "zl.nth": "nth",
    "int": "store",
    "float": "store",
    "==": "compare",
    "!=": "compare",
    "&&": "compare",
    "/": "divide",
    "live.path": "path",
}


def _number(word: str) -> Any:
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word

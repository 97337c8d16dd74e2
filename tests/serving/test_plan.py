"""What a server serves."""

from midifrag.engine.protocol import EngineChoice
from midifrag.serving.grouping import SHARED, Group
from midifrag.serving.plan import Plan


def test_the_first_model_is_the_servers_own_and_a_replica_holds_what_its_group_has_room_for():
    choices = {name: EngineChoice(name) for name in ("a", "b", "c")}
    plan = Plan(choices, (Group(SHARED, ("a", "b", "c")),), sizes={"a": 5, "b": 5, "c": 1}, room=9)
    assert plan.models[0] == "a"
    assert plan.shelf(plan.groups[0]).fill() == ("c", "a")
    assert plan.shelf(Group("other", ("b",))).fill() == ("b",)


def test_without_a_limit_all_are_held():
    plan = Plan({"a": EngineChoice("a")}, (Group(SHARED, ("a", "b")),))
    assert set(plan.shelf(plan.groups[0]).fill()) == {"a", "b"}

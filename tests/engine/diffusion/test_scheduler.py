import pytest

from midifrag.engine.diffusion.parameters import resolve_parameters
from midifrag.engine.diffusion.request import Request, RequestStatus
from midifrag.engine.diffusion.scheduler import GROUPS, RoundRobin, admitted
from midifrag.engine.loading.model import Model
from midifrag.engine.network.denoiser import StockDenoiser
from tests.engine.presses import press


@pytest.fixture
def make(model: Model):
    def made(job: int, status: RequestStatus = RequestStatus.DENOISING, *, spare: bool = False, **changes) -> Request:
        render = press(job, **changes)
        return Request(render, resolve_parameters(render, model), job, spare, status)

    return made


def jobs(requests: list[Request]) -> list[int]:
    return [request.job for request in requests]


def test_presses_are_admitted_before_spares_and_the_oldest_of_them(make) -> None:
    requests = [make(1, spare=True), make(4), make(3), make(2, spare=True), make(5)]
    assert jobs(admitted(requests, 2)) == [3, 4]
    assert jobs(admitted(requests, 9)) == [3, 4, 5]
    assert jobs(admitted([each for each in requests if each.spare], 9)) == [1, 2]
    assert admitted([], 9) == []


def test_all_of_a_group_larger_than_a_batch_are_served(make) -> None:
    requests = [make(job) for job in range(5)]
    round_robin = RoundRobin()
    served = [job for _ in range(5) for job in jobs(round_robin.next_batch(admitted(requests, 5), 2))]
    assert sorted(served) == sorted([*range(5)] * 2)


def test_groups_take_turns(make) -> None:
    requests = [make(1), make(2, seconds=1.0), make(3), make(4, seconds=1.0)]
    again_in_fp32 = make(5)
    again_in_fp32.precision = "fp32"
    round_robin = RoundRobin()
    served = [jobs(round_robin.next_batch([*requests, again_in_fp32], 8)) for _ in range(4)]
    assert served == [[1, 3], [2, 4], [5], [1, 3]]


def test_a_network_that_was_built_once_more_with_the_same_loras_is_another_one(make, model: Model) -> None:
    """What stands beside its layers is in another order."""
    one, two, same = make(1), make(2), make(3)
    one.network = same.network = StockDenoiser(model.module)
    two.network = StockDenoiser(model.module)
    round_robin = RoundRobin()
    assert [jobs(round_robin.next_batch([one, two, same], 8)) for _ in range(2)] == [[1, 3], [2]]


def test_groups_that_are_long_gone_are_forgotten(make) -> None:
    round_robin, request = RoundRobin(), make(1)
    for number in range(GROUPS + 9):
        request.merged = (number,)
        assert round_robin.next_batch([request], 8) == [request]
    assert len(round_robin._last_served) == GROUPS


def test_nobody_is_denoised_who_waits_or_is_decoded(make) -> None:
    waiting, decoding = make(1, RequestStatus.WAITING), make(2, RequestStatus.DECODING)
    assert RoundRobin().next_batch([waiting, decoding], 8) == []
    assert RoundRobin().next_decode([waiting, make(3)], 8) == []


def test_those_who_are_equally_far_are_decoded_together(make) -> None:
    one, two, further, longer = (make(job, RequestStatus.DECODING) for job in range(1, 5))
    further.decoded = 64
    longer.parameters = make(5, seconds=0.25).parameters
    round_robin, requests = RoundRobin(), [one, two, further, longer]
    served = [jobs(round_robin.next_decode(requests, 8)) for _ in range(4)]
    assert served == [[1, 2], [3], [4], [1, 2]]
    assert jobs(round_robin.next_decode(requests, 1)) == [3]


def test_a_device_says_how_many_are_decoded_together_and_the_others_follow(make) -> None:
    requests = [make(job, RequestStatus.DECODING) for job in range(1, 6)]
    asked, round_robin, served = [], RoundRobin(), []

    def largest_power(alike: list[Request]) -> int:
        asked.append(len(alike))
        return 4 if len(alike) >= 4 else 1

    for _ in range(2):
        batch = round_robin.next_decode(requests, 5, largest_power)
        served.append(jobs(batch))
        for request in batch:
            request.decoded = request.parameters.samples
    assert served == [[1, 2, 3, 4], [5]]
    assert asked == [5, 1]


def test_what_is_wholly_on_its_way_is_not_decoded_again(make) -> None:
    request = make(1, RequestStatus.DECODING)
    request.decoded = request.parameters.samples
    assert RoundRobin().next_decode([request], 8) == []

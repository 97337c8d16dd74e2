from itertools import pairwise

import pytest
import torch

from training import lessons as lessons_module
from training.lessons import ALL_STEPS, Lessons
from training.student import Teacher
from training.ways import Prompts, Ways, schedule

CPU = torch.device("cpu")


def still(x, _t, _told, _numbers):
    """A student that goes nowhere."""
    return torch.zeros_like(x)


def test_a_single_step_s_lesson_is_what_guidance_makes_of_both_answers(folder):
    teacher = Teacher(folder, CPU)
    lessons = Lessons(Ways(teacher, Prompts(None), 3))
    lessons.renew(still)
    (block,) = lessons.kept
    assert block.reached is None
    torch.manual_seed(5)
    lesson = lessons.draw(8)
    single, few = lesson.numbers[:, 1] == ALL_STEPS, lesson.numbers[:, 1] < ALL_STEPS
    assert int(single.sum()) >= 4
    given, empty = teacher.both(lesson.x[:4], lesson.t[:4], lesson.told.rows(torch.arange(4)))
    right = empty + lesson.numbers[:4, 0, None, None] * (given - empty)
    # Half precision is what the answers are kept in.
    torch.testing.assert_close(lesson.target[:4], right, atol=0.1, rtol=0.05)
    assert set(lesson.numbers[4:, 0].tolist()) <= set(block.scales.tolist())
    assert few.any()


def test_a_lesson_of_fewer_steps_leads_to_where_the_teacher_is_after_one_of_them(folder):
    lessons = Lessons(Ways(Teacher(folder, CPU), Prompts(None), 2))
    lessons.renew(still)
    way = lessons.kept[0].way
    torch.manual_seed(0)
    lesson = lessons._longer(lessons.kept[0], 600)
    times, looked_at = schedule(ALL_STEPS), set()
    for x, t, target, (_, steps) in zip(lesson.x, lesson.t, lesson.target, lesson.numbers.tolist(), strict=True):
        if ALL_STEPS % int(steps) == 0:
            first = int((times - t).abs().argmin())
            last = first + ALL_STEPS // int(steps)
            apart = (x + (times[last] - t) * target - way[last]).abs().amax(dim=(1, 2))
            assert float(apart.min()) < 1e-4
            looked_at.add(steps)
    assert looked_at == {1, 2, 4, 8, 16}


@pytest.mark.parametrize("steps", [2, 8])
def test_on_a_student_s_way_the_teacher_shows_how_to_go_on_from_each_place(folder, monkeypatch, steps):
    monkeypatch.setattr(lessons_module, "LED", 1.0)
    monkeypatch.setattr(lessons_module, "LED_STEPS", (steps,))
    teacher, numbers = Teacher(folder, CPU), []
    lessons = Lessons(Ways(teacher, Prompts(None), 2))

    def sideways(x, t, told, told_numbers):
        numbers.append(told_numbers)
        return -0.3 * x

    torch.manual_seed(0)
    lessons.renew(sideways)
    # The first is never the student's: there is nothing else to draw from yet.
    assert lessons.kept[0].reached is None
    assert not numbers
    lessons.renew(sideways)
    block = lessons.kept[1]
    times, inner = schedule(steps), ALL_STEPS // steps
    assert len(block.way) == steps + 1
    for index, x in enumerate(block.way[:-1]):
        own = x - (times[index + 1] - times[index]) * 0.3 * x
        torch.testing.assert_close(block.way[index + 1], own)
        right = x
        for now, then in pairwise(schedule(ALL_STEPS)[index * inner : (index + 1) * inner + 1]):
            given, empty = teacher.both(right, now.expand(len(x)), block.told)
            right = right + (then - now) * (empty + block.scales[:, None, None] * (given - empty))
        # On ways that are taught the teacher answers in half precision.
        assert (block.reached[index] - right).norm() < 0.1 * (right - own).norm()
    assert torch.equal(torch.stack(numbers)[:, :, 0], block.scales.expand(steps, -1))
    assert {float(value) for value in torch.stack(numbers)[:, :, 1].flatten()} == {float(steps)}

    lesson = lessons._longer(block, 200)
    assert {float(value) for value in lesson.numbers[:, 1]} == {float(steps)}
    seen = set()
    for x, t, target in zip(lesson.x, lesson.t, lesson.target, strict=True):
        index = int((times - t).abs().argmin())
        row = int((block.way[index] - x).abs().amax(dim=(1, 2)).argmin())
        torch.testing.assert_close(x, block.way[index, row])
        end = x + (times[index + 1] - times[index]) * target
        torch.testing.assert_close(end, block.reached[index, row], atol=1e-4, rtol=1e-4)
        seen.add(index)
    assert seen == set(range(steps))


def test_about_half_of_the_ways_are_a_student_s(folder):
    lessons = Lessons(Ways(Teacher(folder, CPU), Prompts(None), 1))
    torch.manual_seed(0)
    taken = []
    for _ in range(40):
        lessons.renew(still)
        reached = lessons.kept[-1].reached
        taken.append(None if reached is None else len(reached))
    assert 10 < taken.count(None) < 30
    assert {steps for steps in taken if steps} == {2, 4, 8}


def test_what_a_student_is_mostly_played_with_is_taught_the_most(folder):
    teacher = Teacher(folder, CPU)
    lessons = Lessons(Ways(teacher, Prompts(None), 2))
    torch.manual_seed(0)
    scales = lessons._scales(1000)
    assert 0.2 < float((scales == teacher.guidance).float().mean()) < 0.4
    assert 0.1 < float((scales == 1.0).float().mean()) < 0.2
    assert float(scales.min()) >= 1.0
    assert float(scales.max()) <= 7.0
    lessons.renew(still)
    assert 0.35 < float((lessons._steps(lessons.kept[0], 1000) == 4).float().mean()) < 0.55
    # Beyond what a student learns there is nothing to teach.
    teacher.guidance = 9.0
    lessons = Lessons(Ways(teacher, Prompts(None), 2))
    assert float(lessons._scales(1000).max()) == 7.0
    assert lessons.held_out.scales.tolist() == [7.0, 7.0]

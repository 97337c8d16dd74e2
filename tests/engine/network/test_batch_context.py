from __future__ import annotations

import torch

from midifrag.engine.network.batch_context import BatchContext, PreparedConditioning


def prepared(context=None, negative=None):
    """A request's, whose keys and values are all these numbers."""
    tensors = [None if value is None else torch.full((1, 2, 1, 1, 3, 4), float(value)) for value in (context, negative)]
    return PreparedConditioning(*tensors, None, None, {}, True)


def values(context):
    """The one number of each row."""
    return context.context[0, 0, :, 0, 0, 0].tolist()


def test_keys_and_values_lie_side_by_side_the_negative_ones_last():
    rows = [prepared(1, 7), prepared(2), prepared(3, 9)]
    batch = BatchContext()
    assert values(batch.of(rows, [0, 2], fill=False)) == [1, 2, 3, 7, 9]
    assert values(batch.of(rows, [0, 1], fill=False)) == [1, 2, 3, 7]
    assert values(batch.of(rows, [0, 1], fill=True)) == [1, 2, 3, 7, 0]


def test_one_alone_is_not_copied_and_none_is_none():
    alone, batch = prepared(1), BatchContext()
    assert batch.of([alone], [], fill=False).context is alone.context
    assert batch.of([prepared()], [], fill=False).context is None
    assert not batch.is_held


def test_a_batch_is_gathered_once_while_it_stays_the_same():
    first, second, batch = prepared(1), prepared(2), BatchContext()
    gathered = batch.of([first, second], [], fill=False)
    assert batch.of([first, second], [], fill=False) is gathered
    for members, negative_rows, fill in (([second, first], [], False), ([first, second], [], True)):
        assert batch.of(members, negative_rows, fill) is not gathered
    assert batch.is_held
    batch.release()
    assert not batch.is_held


def test_prompts_of_which_one_token_stands_for_several_are_made_as_long_as_each_other():
    short, long = prepared(1), prepared(2)
    short.context, short.context_bias = short.context[..., :2, :], torch.tensor([[0.0, 0.5]])
    long.context_bias = torch.tensor([[0.0, 0.0, 0.25]])
    together = BatchContext().of([short, long], [0], fill=True)
    assert together.context.shape[2:5] == (3, 1, 3)
    assert together.bias.tolist() == [[0.0, 0.5, -torch.inf], [0.0, 0.0, 0.25], [0.0, 0.5, -torch.inf]]
    assert together.context[0, 0, 2].abs().max() == 0

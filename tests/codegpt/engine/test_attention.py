"""Keys in pieces are attended to as all keys at once are."""

import pytest
import torch

from codegpt.engine.attention import PIECE_TOKENS, InPieces, Whole


@pytest.mark.parametrize(
    ("rows", "heads", "queries", "pieces"), [(1, 2, 7, 1), (1, 2, 56, 5), (3, 1, 4, 2), (4, 3, 1, 3)]
)
def test_pieces_are_weighed_by_what_they_hold(rows: int, heads: int, queries: int, pieces: int) -> None:
    torch.manual_seed(rows + queries)
    count = pieces * PIECE_TOKENS
    asked = torch.randn(rows, heads, queries, 16)
    keys, values = 3 * torch.randn(rows, heads, count, 16), torch.randn(rows, heads, count, 16)
    seen = torch.rand(rows, queries, count) < 0.5
    seen[..., count // 2 :] = False  # whole pieces of which nothing is seen
    seen[..., 0] = True
    for each in (seen, seen[:1]):
        whole, cut = Whole(), InPieces(heads)
        torch.testing.assert_close(
            cut(asked[: len(each)], keys[: len(each)], values[: len(each)], cut.mask_of(each, torch.float32)),
            whole(asked[: len(each)], keys[: len(each)], values[: len(each)], whole.mask_of(each, torch.float32)),
            atol=1e-5,
            rtol=1e-5,
        )


def test_without_a_mask_all_is_seen() -> None:
    torch.manual_seed(0)
    asked, keys, values = torch.randn(2, 2, 3, 8), torch.randn(2, 2, 128, 8), torch.randn(2, 2, 128, 8)
    torch.testing.assert_close(InPieces(2)(asked, keys, values, None), Whole()(asked, keys, values, None))

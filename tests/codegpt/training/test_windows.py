from itertools import islice

import pytest

from codegpt.context.cursor import Around, Cursor
from codegpt.context.project import Snapshot
from codegpt.document import Document
from codegpt.engine.tokens import Tokens
from codegpt.planning import CompletionOptions, plan
from codegpt.prompt import parse_fim
from codegpt.training.corpus import SourceText
from codegpt.training.gpt import IGNORED
from codegpt.training.spans import Hole
from codegpt.training.windows import Sizes, Window, Windows, batch_of

SIZES = Sizes(stretch=64, context=48, middle=16)


@pytest.mark.parametrize("fim", ["qwen2.5-coder/spm", "qwen2.5-coder/psm", None])
def test_a_window_is_a_stretch_of_a_file_with_a_hole(
    texts: list[SourceText], tokenizer_json: str, fim: str | None
) -> None:
    tokens = Tokens(tokenizer_json)
    windows = Windows("shop", texts[:2], tokens, parse_fim(fim) if fim else None, SIZES)
    found = list(islice(windows.endless(0), 120))
    whole = "".join(each.text for each in texts[:2])
    for each in found:
        learnt = [token for token in each.labels if token != IGNORED and token not in tokens.end_ids]
        assert learnt
        assert each.labels == [
            token if token == label else IGNORED for token, label in zip(each.ids, each.labels, strict=True)
        ]
        read = tokens.decode(each.ids)
        for part in read.replace("<|fim_middle|>", "<|fim_suffix|>").split("<|fim_suffix|>")[1:-1]:
            assert part in whole
    ended = sum(each.ids[-1] == tokens.markup["<|endoftext|>"] for each in found)
    assert 0.5 < ended / len(found) < 1
    if fim == "qwen2.5-coder/spm":
        starts = {tokens.decode(each.ids[:2]) for each in found}
        assert starts == {"<|fim_prefix|><|fim_suffix|>", "<|repo_name|>sh"}


@pytest.mark.parametrize("fim", ["qwen2.5-coder/spm", "qwen2.5-coder/psm", None])
@pytest.mark.parametrize("told", [True, False])
def test_it_is_what_the_product_asks_there(tokenizer_json: str, fim: str | None, told: bool) -> None:
    tokens = Tokens(tokenizer_json)
    known = parse_fim(fim) if fim else None
    text = "from shop.prices import price\n\n\ndef total(items):\n    return sum(price(item) for item in items)\n"
    other = "def price(item, currency='EUR'):\n    return item[currency]\n"
    texts = [SourceText("shop", "shop/total.py", text), SourceText("shop", "shop/prices.py", other)]
    windows = Windows("shop", texts, tokens, known, Sizes(stretch=200, context=120, middle=40))
    for wanted in ("price(item) for item in items", "sum(price(item) for item in items)", "return sum"):
        hole = Hole(text.index(wanted), text.index(wanted) + len(wanted))
        found = windows._window(texts[0], 0, len(text), hole, told)
        document = Document(text[: hole.start] + text[hole.end :], "shop/total.py")
        around = Around(Snapshot({each.path: each.text for each in texts}), "shop", "shop/total.py")
        cursor = Cursor(document, hole.start, around) if told and known else None
        asked = plan(document, hole.start, tokens.count, known, CompletionOptions(context_tokens=120), cursor)
        prompt = tokens.encode(asked.prompt)
        assert (cursor is not None) == ("def price" in tokens.decode(prompt))
        pairs = enumerate(zip(prompt, found.ids, strict=False))
        shared = next((at for at, (one, other) in pairs if one != other), len(prompt))
        assert shared >= len(prompt) - 2  # a token may reach from the prompt into the answer
        assert tokens.decode(found.ids[shared:]).removesuffix("<|endoftext|>").endswith(wanted)
        learnt = tokens.decode([each for each in found.labels if each != IGNORED])
        assert "EUR" not in learnt
        assert learnt.replace("<|endoftext|>", "").endswith(wanted)


def test_they_are_the_same_for_a_seed_and_go_through_all_files(texts: list[SourceText], tokenizer_json: str) -> None:
    windows = Windows("shop", texts[:3], Tokens(tokenizer_json), None, SIZES)
    first, again = (list(islice(windows.endless(3), 40)) for _ in range(2))
    assert first == again
    assert first != list(islice(windows.endless(4), 40))
    assert windows.stretches == round(sum(len(each.text) for each in texts[:3]) / (0.75 * 4 * 64))


def test_what_is_only_read_is_not_learnt() -> None:
    no = IGNORED
    ids, labels = batch_of([Window([5, 6, 7, 8], [no, no, 7, 8]), Window([9, 3], [9, 3])])
    assert ids.tolist() == [[5, 6, 7, 8], [9, 3, 0, 0]]
    assert labels.tolist() == [[no, 7, 8, no], [3, no, no, no]]

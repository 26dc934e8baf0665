import random
from dataclasses import replace

from codegpt.training.corpus import SourceText
from codegpt.training.samples import Package, Piece, Recipe, encoded, pieces
from codegpt.training.tokenizer import Coder

PLAIN = Recipe(length=64, fim=0.0, other_files=0.0)


def decoded(coder: Coder, ids: list[int]) -> str:
    return coder.decode(ids)


def one(coder: Coder, piece: Piece, length: int = 512) -> str:
    [(ids, middle)] = encoded([piece], coder, length)
    assert len(ids) <= length
    answer = decoded(coder, ids[len(ids) - middle :])
    assert answer.endswith(f"{piece.middle}<|endoftext|>") or not middle
    assert piece.spm or answer in ("", f"{piece.middle}<|endoftext|>")
    return decoded(coder, ids)


def test_a_file_is_cut_at_its_lines_and_nothing_is_lost(texts: list[SourceText]) -> None:
    source = texts[1]
    package = Package("python", {source.path: source.text})
    found = list(pieces(source, package, PLAIN, random.Random(0)))
    assert "".join(each.prefix for each in found) == source.text
    assert len(found) > 50
    assert all(each.prefix.endswith("\n") and each.middle is None for each in found)


def test_a_hole_is_where_the_text_was_cut(texts: list[SourceText]) -> None:
    source = texts[1]
    package = Package("python", {source.path: source.text})
    found = list(pieces(source, package, replace(PLAIN, fim=1.0), random.Random(0)))
    assert "".join(each.prefix + (each.middle or "") + each.suffix for each in found) == source.text
    layouts = [each.spm for each in found]
    assert 0.8 < sum(layouts) / len(layouts) < 1


def test_the_layouts_are_those_of_the_product(coder: Coder) -> None:
    assert one(coder, Piece((), "a = ", "1", "\n", False)) == (
        "<|fim_prefix|>a = <|fim_suffix|>\n<|fim_middle|>1<|endoftext|>"
    )
    assert one(coder, Piece((), "a = ", "1", "\n", True)) == (
        "<|fim_prefix|><|fim_suffix|>\n<|fim_middle|>a = 1<|endoftext|>"
    )
    assert one(coder, Piece((), "a = 1\n", None, "", False)) == "a = 1\n<|endoftext|>"
    head = (("<|repo_name|>", "p\n"), ("<|file_sep|>", "p/b.py\ndef g(): ...\n"), ("<|file_sep|>", "p/a.py\n"))
    assert one(coder, Piece(head, "a = ", "1", "\n", True)) == (
        "<|repo_name|>p\n<|file_sep|>p/b.py\ndef g(): ...\n<|file_sep|>p/a.py\n"
        "<|fim_prefix|><|fim_suffix|>\n<|fim_middle|>a = 1<|endoftext|>"
    )


def test_a_prefix_and_its_middle_are_encoded_as_one_text(coder: Coder) -> None:
    text = "for each in found:\n    print(each)\n"
    for cut in range(len(text)):
        [(ids, middle)] = encoded([Piece((), text[:cut], text[cut:], "x = 1\n", True)], coder, 512)
        begin = len(ids) - 1 - len(coder.encode(text))
        assert ids[begin:-1] == coder.encode(text)
        answer = decoded(coder, ids[len(ids) - middle : -1])
        whole = coder.encode(text[:cut])
        assert answer.endswith(text[cut:])
        assert decoded(coder, ids[begin : len(ids) - middle]) == text[: len(text) - len(answer)]
        assert len(answer) - len(text[cut:]) < max(1, len(coder.decode(whole[-1:])) if whole else 1) + 8
    [(ids, middle)] = encoded([Piece((), "a = ", "", "1\n", True)], coder, 512)
    assert decoded(coder, ids[-middle:]) == "<|endoftext|>"


def test_what_does_not_fit_is_cut_off_far_from_the_hole(coder: Coder) -> None:
    before = "".join(f"x{n} = {n}\n" for n in range(10, 60))
    after = "".join(f"y{n} = {n}\n" for n in range(10, 60))
    text = one(coder, Piece((), before, "middle", after, True), 96)
    assert text.startswith("<|fim_prefix|><|fim_suffix|>y10 = 10\n")
    assert text.endswith("x59 = 59\nmiddle<|endoftext|>")
    assert (text.count("x5"), text.count("y1")) == (7, 4)
    assert one(coder, Piece((), "", "middle " * 60, after, True), 96).startswith("middle")
    assert one(coder, Piece((("<|repo_name|>", before),), "a", "b", "c", True), 96).startswith("<|fim_prefix|>")


def test_other_files_tell_what_a_piece_uses_of_them() -> None:
    package = Package(
        "p",
        {
            "p/a.py": "from p.b import area, unused\n\nprint(area(2, 3))\n",
            "p/b.py": 'def area(a, b):\n    """Of a rectangle."""\n    return a * b\n\n\ndef unused():\n    pass\n',
        },
    )
    source = SourceText("p", "p/a.py", package.texts["p/a.py"])
    assert package.told(source, "print(area(2, 3))\n") == (
        ("<|repo_name|>", "p\n"),
        ("<|file_sep|>", "p/b.py\ndef area(a, b): ...  # Of a rectangle.\n"),
        ("<|file_sep|>", "p/a.py\n"),
    )
    assert package.told(source, "print(3)\n") == ()
    [piece] = pieces(source, package, Recipe(other_files=1.0, fim=0.0), random.Random(0))
    assert piece.head[1][1].startswith("p/b.py\ndef area(a, b): ...  # Of a rectangle.\n")

"""N-grams are counted inside words, the same in any batch, and a row of the matrix has length one."""

from __future__ import annotations

import numpy as np

from otklik.analysis.engine import features
from otklik.analysis.engine.features import BINS, column_map, counted, grams
from otklik.analysis.engine.text import read


def bins(text: str, **how: object) -> list[int]:
    return sorted(n for block in grams(read([text]), **how) for n in block.bins.tolist())  # type: ignore[arg-type]


def test_a_text_has_the_same_ngrams_alone_and_in_company():
    batch = read(["первый текст", "второй, другой!"])
    for number, text in enumerate(batch.texts):
        found = sorted(n for block in grams(batch, near=3) for n in block.bins[block.rows == number].tolist())
        assert found == bins(text, near=3)


def test_characters_never_cross_a_space():
    characters = grams(read(["ab cd"]))[0]
    assert len(characters.bins) == 2 * (
        3 + 2 + 1
    )  # " ab " and " cd ": three pairs, two triples, one whole each


def test_pairs_of_words_do_not_mind_their_order():
    assert sorted(grams(read(["банк закрыл счёт"]), near=3)[2].bins) == sorted(
        grams(read(["счёт закрыл банк"]), near=3)[2].bins
    )


def test_kazakh_letters_may_be_read_as_russian_ones():
    assert bins("құрметті", folded=True) == bins("курметти", folded=True)
    assert bins("құрметті") != bins("курметти")


def test_rows_have_length_one_and_unknown_ngrams_are_left_out():
    block = grams(read(["раз раз два", "три"]))[1]
    known = np.unique(block.bins[block.rows == 0]).astype(np.int32)
    matrix = counted(block, column_map(known), np.ones(len(known), np.float32), 2)
    assert matrix.shape == (2, len(known))
    np.testing.assert_allclose(np.sqrt(matrix.multiply(matrix).sum(axis=1)).A1, [1, 0], atol=1e-6)
    assert known.max() < BINS


def test_batches_too_tall_for_thirty_two_bits_are_counted_alike(monkeypatch):
    block = grams(read(["раз раз два", "три раз два два", "семь"]))[0]
    known = np.unique(block.bins).astype(np.int32)
    given = (block, column_map(known), np.linspace(1, 2, len(known), dtype=np.float32), 3)
    narrow = counted(*given)
    monkeypatch.setattr(features, "NARROW", 0)
    wide = counted(*given)
    assert (narrow != wide).nnz == 0 and narrow.nnz > 0

"""The encoder ``lsa``: it conforms, it is what scikit-learn's pipeline is, and it says the same again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

import ecomdata as ed
from ecomdata.embeddings.encoders import Encoder, EncoderOptions
from ecomdata.embeddings.lsa import BUCKETS, Lsa, fit, load
from ecomdata.embeddings.sparse import Sparse, right_singular_vectors
from tests.embeddings.conformance import *  # noqa: F403 - the suite

Matrix = npt.NDArray[np.float64]


def titles(count: int, seed: int = 0) -> pl.Series:
    """Titles of made-up goods, most words seldom."""
    rng = np.random.default_rng(seed)
    words = [
        f"{a}{b}" for a in ("sho", "cab", "lam", "bot", "cha") for b in ("es", "le", "p", "tle", "ir", "x")
    ]
    picks = rng.zipf(1.5, (count, 5)) % len(words)
    return pl.Series([" ".join(words[at] for at in row) + f" {n % 97}" for n, row in enumerate(picks)])


@pytest.fixture(scope="module")
def learnt() -> Lsa:
    """An encoder that learnt from titles."""
    more = ["Nike running shoes, black, size 42", "USB cable 2 m", "product ta onek valo", "ভালো প্রোডাক্ট"]
    return fit(pl.concat([titles(400), pl.Series(more * 5)]), EncoderOptions(dim=48))


@pytest.fixture(params=["normalised", "as they come"])
def encoder(request: pytest.FixtureRequest, learnt: Lsa, tmp_path: Path) -> Encoder:
    """With vectors of length 1 by two threads, and read from a file with those of any length."""
    learnt.save(tmp_path / "basis.npz")
    normalize = request.param == "normalised"
    return load(tmp_path / "basis.npz", EncoderOptions(normalize=normalize, jobs=2 if normalize else 1))


def unit(rows: npt.NDArray[np.floating]) -> Matrix:
    """Rows of length 1."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), np.float64)


def test_it_is_what_scikit_learn_makes_of_the_same_grams() -> None:
    """Similarities are those of CountVectorizer, TfidfTransformer, TruncatedSVD: hashing hardly collides."""
    texts = titles(300)
    padded = [f" {' '.join(text.lower().split())} " for text in texts]
    counts = CountVectorizer(analyzer="char", ngram_range=(2, 4), lowercase=False).fit_transform(padded)
    weighted = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    svd = TruncatedSVD(128, algorithm="arpack", random_state=0)
    theirs = unit(svd.fit_transform(weighted))
    made = fit(texts, EncoderOptions(dim=128))
    ours = made.encode(texts).astype(np.float64)
    assert np.allclose(made.values, svd.singular_values_, rtol=0.02)
    difference = np.abs(ours @ ours.T - theirs @ theirs.T)
    assert difference.max() < 0.08
    assert difference.mean() < 0.01


def sparse(matrix: Matrix) -> Sparse:
    """A matrix as the encoder has it."""
    rows = csr_array(matrix.astype(np.float32))
    return Sparse(rows.indices.astype(np.int32), rows.indptr.astype(np.int64), rows.data, matrix.shape[1])


@pytest.mark.parametrize(("shape", "rank"), [((60, 40), 40), ((30, 200), 10), ((5, 300), 20), ((1, 8), 3)])
def test_singular_vectors_are_numpys(shape: tuple[int, int], rank: int) -> None:
    """Values and the space of the vectors, against LAPACK in float64; no more than there are."""
    rng = np.random.default_rng(3)
    matrix = rng.random(shape) * (rng.random(shape) < 0.5) * np.geomspace(1, 0.2, shape[1])
    vectors, values = right_singular_vectors(sparse(matrix), rank, seed=0, jobs=2)
    _, exact, rows = np.linalg.svd(matrix, full_matrices=False)
    most = min(rank, len(exact))
    assert values.shape == (most,)
    assert np.allclose(values, exact[:most], rtol=2e-3, atol=1e-3 * exact[0])
    assert np.allclose(vectors.T @ vectors, np.eye(most), atol=1e-4)
    overlap = np.linalg.svd(rows[: most // 2 or 1] @ vectors, compute_uv=False)
    assert overlap.min() > 0.99
    assert (vectors[np.abs(vectors).argmax(axis=0), np.arange(most)] > 0).all()


def test_what_has_few_directions_gets_few_values() -> None:
    """Texts that are all the same have one, and a vector of length 1."""
    made = fit(pl.Series(["red shoes"] * 50), EncoderOptions(dim=16))
    assert made.dim == 1
    assert np.allclose(made.encode(pl.Series(["red shoes"])), 1)


def test_nothing_to_learn_from_is_said() -> None:
    """No texts, no basis."""
    with pytest.raises(ed.DataError, match="no text to learn from"):
        fit(pl.Series([], dtype=pl.String), EncoderOptions())


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=40))
def test_any_texts_can_be_learnt_from(texts: list[str]) -> None:
    """Whatever characters they have, what comes out is finite and of length 0 or 1."""
    made = fit(pl.Series(texts), EncoderOptions(dim=8, jobs=1))
    lengths = np.linalg.norm(made.encode(pl.Series(texts)), axis=1)
    assert np.all((lengths == 0) | (np.abs(lengths - 1) < 1e-4))


def test_the_basis_is_the_same_bits_in_another_process(learnt: Lsa) -> None:
    """However many threads learn, and however many BLAS may take."""
    texts = titles(200, seed=5)
    script = (
        "import json, sys, polars as pl\n"
        "from ecomdata.embeddings.encoders import EncoderOptions\n"
        "from ecomdata.embeddings.lsa import fit\n"
        "texts = pl.Series(json.load(sys.stdin))\n"
        "print(fit(texts, EncoderOptions(dim=32, jobs=int(sys.argv[1]))).revision)\n"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script, jobs],
            input=json.dumps(texts.to_list()),
            env={**os.environ, "OPENBLAS_NUM_THREADS": threads, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for jobs, threads in (("1", "1"), ("3", "2"))
    }
    assert found == {f"{fit(texts, EncoderOptions(dim=32)).revision}\n"}
    assert learnt.revision not in found


def test_a_saved_basis_is_the_same_encoder(learnt: Lsa, tmp_path: Path) -> None:
    """Same revision, same bits; and the same file for the same basis."""
    for name in ("one.npz", "other.npz"):
        learnt.save(tmp_path / name)
    again = load(tmp_path / "one.npz", EncoderOptions())
    assert again.revision == learnt.revision
    assert np.array_equal(again.encode(titles(50)), learnt.encode(titles(50)))
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "other.npz").read_bytes()


def write_npz(path: Path, **arrays: npt.NDArray[np.generic]) -> Path:
    """A file of arrays, objects pickled where there are some."""
    np.savez(path, allow_pickle=True, **arrays)
    return path


MET = np.arange(7, dtype=np.int32)
BASIS = np.zeros((7, 2), np.float32)
INVERSE = np.ones(BUCKETS, np.float32)
VALUES = np.ones(2, np.float32)


@pytest.mark.parametrize(
    "arrays",
    [
        {"met": None},
        {"basis": BASIS[:3]},
        {"inverse": INVERSE[:9]},
        {"met": MET + BUCKETS - 3},
        {"basis": BASIS.astype(np.float64)},
        {"basis": np.full_like(BASIS, np.nan)},
        {"basis": np.array([[print]], dtype=object)},
        {"basis": np.zeros((BUCKETS, 5000), np.float32)},
    ],
    ids=[
        "part missing",
        "too few rows",
        "too few weights",
        "no such column",
        "float64",
        "not a number",
        "pickled",
        "too large",
    ],
)
def test_a_file_that_is_no_basis_is_refused(
    arrays: dict[str, npt.NDArray[np.generic] | None], tmp_path: Path
) -> None:
    """And nothing in it is unpickled."""
    whole = {"met": MET, "basis": BASIS, "inverse": INVERSE, "values": VALUES}
    load(write_npz(tmp_path / "whole.npz", **whole), EncoderOptions())
    parts = {name: part for name, part in (whole | arrays).items() if part is not None}
    path = write_npz(tmp_path / "basis.npz", **parts)
    with pytest.raises(ed.DataError, match="holds no basis of lsa"):
        load(path, EncoderOptions())


def test_a_file_that_is_not_there_or_no_archive(tmp_path: Path) -> None:
    """Wrong usage, and wrong data."""
    with pytest.raises(ed.UsageError, match="is no file"):
        load(tmp_path / "basis.npz", EncoderOptions())
    (tmp_path / "basis.npz").write_text("basis")
    with pytest.raises(ed.DataError, match="holds no basis of lsa"):
        load(tmp_path / "basis.npz", EncoderOptions())


def test_real_titles_have_neighbours_of_their_category(real: Path) -> None:
    """Nine in ten of the ten nearest product titles of OA-Mine are in the same of ten categories."""
    text = (real / "oa_mine" / "test.jsonl").read_text("utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    titles = pl.Series([line["input"] for line in lines])
    categories = np.array([line["category"] for line in lines])
    vectors = fit(titles, EncoderOptions()).encode(titles)
    near = vectors @ vectors.T
    np.fill_diagonal(near, -2)
    nearest = np.argsort(-near, axis=1)[:, :5]
    assert (categories[nearest] == categories[:, None]).mean() > 0.85

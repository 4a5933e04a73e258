"""The encoder ``lsa``: hashed n-grams of characters, TF-IDF, truncated SVD. Any language, no download.

Latent semantic analysis after Deerwester et al. (Journal of the American Society for Information Science 41,
1990), over 2-, 3- and 4-grams of characters instead of words, so that no language has to be known: texts are
made small, composed (NFC) and their white space squeezed, n-grams are hashed into 32,768 columns, counted,
weighted by (1 + ln count) (1 + ln((1 + n) / (1 + df))), as scikit-learn's TfidfTransformer does, and
projected on the right singular vectors of a sample of the column.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from ecomdata.embeddings.encoders import EncoderOptions, Floats, Recipe, Sample
from ecomdata.embeddings.gramcounts import count_grams, multiply, weigh
from ecomdata.embeddings.sparse import Sparse, right_singular_vectors
from ecomdata.errors import DataError, UsageError
from ecomdata.progress import Reporter
from ecomdata.readers.npy import whole_array
from ecomdata.readers.zips import DAMAGED, opened_zip
from ecomdata.texts.tidying import blocks, tidy_texts

if TYPE_CHECKING:
    import pyarrow as pa

BUCKETS: Final = 1 << 15
"""Columns that n-grams are hashed into. With 2^12 to 2^18 of them neighbours of real titles agree as well."""
SHORTEST: Final = 2
LONGEST: Final = 4
BASIS: Final = "basis.npz"
_PIECE: Final = 1 << 10
"""Texts that a thread encodes at a time."""
_TIDIED: Final = frozenset({"nfc", "case", "space"})
_MOST_DIM: Final = 4096
_LEARN: Final = f"give the {BASIS} of a set that lsa made"
_PARTS: Final = {"met": ("i", 1), "basis": ("f", 2), "inverse": ("f", 1), "values": ("f", 1)}
"""Arrays of the file, with their kind and axes; ``met`` are the columns that have a row in the basis."""


class Lsa:
    """Texts on the singular vectors of a sample; see this module. Vectors are the same bits on any machine.

    Attributes:
        name: ``lsa``.
        normalised: Whether vectors are given length 1.
        deterministic: True: each vector is summed up in the order of its text, by one thread.
    """

    name = "lsa"
    deterministic = True

    def __init__(
        self, basis: Floats, inverse: Floats, values: Floats, *, normalised: bool = True, jobs: int = 1
    ) -> None:
        self.normalised = normalised
        self.values = values
        self._basis = basis
        self._inverse = inverse
        self._jobs = jobs
        basis.flags.writeable = False

    @property
    def dim(self) -> int:
        """The values of a vector."""
        return int(self._basis.shape[1])

    @property
    def revision(self) -> str:
        """A hash of the basis and the weights."""
        digest = hashlib.sha256(f"{SHORTEST}-{LONGEST} {self._basis.shape}".encode())
        for part in (self._basis, self._inverse):
            digest.update(part.tobytes())
        return digest.hexdigest()

    def encode(self, texts: pl.Series) -> Floats:
        """See :class:`ecomdata.embeddings.encoders.Encoder`."""
        out = np.empty((len(texts), self.dim), np.float32)
        with ThreadPoolExecutor(self._jobs) as pool:
            list(pool.map(self._encode, _placed(texts, out)))
        return out

    def _encode(self, placed: tuple[pa.Array[Any], Floats]) -> None:
        array, out = placed
        counted = _counted(array)
        weigh(counted.columns, counted.edges, self._inverse, counted.values)
        multiply(counted.columns, counted.edges, counted.values, self._basis, 0, len(counted), out)
        if self.normalised:
            lengths = np.sqrt(np.einsum("nd,nd->n", out, out, dtype=np.float64))[:, None]
            np.divide(out, lengths, out=out, where=lengths > 0, casting="same_kind")

    def save(self, path: Path) -> None:
        """Write what it learnt into a file of NumPy arrays, without pickle: whole, or not at all."""
        aside = path.with_name(f".{path.name}.tmp")
        with aside.open("wb") as file:
            met = np.flatnonzero(self._basis.any(axis=1)).astype(np.int32)
            np.savez(file, met=met, basis=self._basis[met], inverse=self._inverse, values=self.values)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)


def fit(texts: pl.Series, options: EncoderOptions) -> Lsa:
    """Learn from texts, none of them null or blank: a vector has as many values as they have directions.

    On one machine the same texts and seed give the same bits; elsewhere the linear algebra of another BLAS,
    or one with another number of threads, may round the last ones otherwise.

    Raises:
        DataError: there are no texts.
    """
    if not len(texts):
        raise DataError("there is no text to learn from", hint="choose a column that has some")
    with ThreadPoolExecutor(options.jobs) as pool:
        parts = list(pool.map(_counted, blocks(texts)))
    counted = _joined(parts)
    found = np.bincount(counted.columns, minlength=BUCKETS)
    inverse = (1.0 + np.log((1.0 + len(counted)) / (1.0 + found))).astype(np.float32)
    weigh(counted.columns, counted.edges, inverse, counted.values)
    met = np.flatnonzero(found)
    few = Sparse((np.cumsum(found > 0) - 1).astype(np.int32)[counted.columns], *counted.rest, len(met))
    vectors, values = right_singular_vectors(few, options.dim, seed=options.seed, jobs=options.jobs)
    basis = np.zeros((BUCKETS, len(values)), np.float32)
    basis[met] = vectors
    return Lsa(basis, inverse, values.astype(np.float32), normalised=options.normalize, jobs=options.jobs)


def load(path: Path, options: EncoderOptions) -> Lsa:
    """What :meth:`Lsa.save` wrote.

    Raises:
        UsageError: there is no such file.
        DataError: it holds something else.
    """
    if not path.is_file():
        raise UsageError(f"{path} is no file", hint=f"give the {BASIS} of a set that lsa made")
    try:
        arrays = _read(path)
    except (DataError, OSError, ValueError, KeyError, EOFError, RuntimeError, *DAMAGED) as error:
        raise DataError(f"{path} holds no basis of lsa: {error}", hint=_LEARN) from error
    return Lsa(**arrays, normalised=options.normalize, jobs=options.jobs)


def recipe(which: str, options: EncoderOptions) -> Recipe:
    """How to make the encoder: with the basis in a file of an earlier set, or else a new one."""

    def make(sample: Sample, kept: Path, reporter: Reporter) -> Lsa:
        if which or (kept / BASIS).is_file():
            made = load(_file(which) if which else kept / BASIS, options)
        else:
            reporter.start("reading some texts", 0)
            texts = sample()
            reporter.finish()
            reporter.start(f"learning from {len(texts):,} texts", 0)
            made = fit(texts, options)
            reporter.finish()
        made.save(kept / BASIS)
        return made

    if which:
        shared = load(_file(which), options).revision
        return Recipe(
            "lsa", f"lsa_with_{shared[:8]}", {"basis": shared, "normalize": options.normalize}, make
        )
    identity: dict[str, object] = {
        "dim": options.dim,
        "seed": options.seed,
        "normalize": options.normalize,
        "buckets": BUCKETS,
        "ngrams": [SHORTEST, LONGEST],
    }
    return Recipe("lsa", "lsa", identity, make)


def _file(which: str) -> Path:
    path = Path(which).expanduser()
    return path / BASIS if path.is_dir() else path


def _counted(array: pa.Array[Any]) -> Sparse:
    """The n-grams of the texts of an array that :func:`blocks` gave."""
    texts = tidy_texts(array, _TIDIED)
    grams = (texts.sizes + 1) * (LONGEST - SHORTEST + 1)
    room = int(np.minimum(grams, BUCKETS).sum())
    columns, counts = np.empty(room, np.int32), np.empty(room, np.float32)
    edges = np.empty(len(texts) + 1, np.int64)
    seen = np.zeros(BUCKETS, np.int32)
    size = count_grams(texts.data, texts.edges, SHORTEST, LONGEST, seen, columns, counts, edges)
    return Sparse(columns[:size], edges, counts[:size], BUCKETS)


def _joined(parts: list[Sparse]) -> Sparse:
    sizes = np.concatenate([np.diff(part.edges) for part in parts])
    edges = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    columns = np.concatenate([part.columns for part in parts])
    return Sparse(columns, edges, np.concatenate([part.values for part in parts]), BUCKETS)


def _placed(texts: pl.Series, out: Floats) -> Iterator[tuple[pa.Array[Any], Floats]]:
    """The texts in portions, each with the rows that are its own."""
    first = 0
    for part in texts.to_frame().iter_slices(_PIECE):
        for array in blocks(part.to_series()):
            yield array, out[first : first + len(array)]
            first += len(array)


def _read(path: Path) -> dict[str, Floats]:
    with opened_zip(path, str(path), hint=_LEARN) as archive:
        size = sum(member.file_size for member in archive.infolist())
        if size > 4 * BUCKETS * (_MOST_DIM + 4):
            raise ValueError(f"{size:,} bytes are more than a basis has")
        arrays: dict[str, npt.NDArray[Any]] = {name: whole_array(archive, name, str(path)) for name in _PARTS}
    for name, (kind, axes) in _PARTS.items():
        array = arrays[name]
        if array.ndim != axes or array.dtype != f"{kind}4" or not np.isfinite(array).all():
            raise ValueError(f"{name} is no array of finite {kind}4 with {axes} axes")
    met, rows = arrays["met"], arrays["basis"]
    fits = len(met) == len(rows) and bool(np.all((met >= 0) & (met < BUCKETS)))
    if not fits or arrays["inverse"].shape != (BUCKETS,) or arrays["values"].shape != rows.shape[1:]:
        raise ValueError("its arrays do not belong together")
    basis = np.zeros((BUCKETS, rows.shape[1]), np.float32)
    basis[met] = rows
    return {"basis": basis, "inverse": arrays["inverse"], "values": arrays["values"]}

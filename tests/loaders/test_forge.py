"""taobao/forge: every text form and quirk in its real spelling."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import ecomdata as ed
from ecomdata.errors import DataError
from ecomdata.loaders.taobao._forge_sample import write_contrastive, write_sample
from ecomdata.readers.vectors import base64_texts
from tests.hub.server import Hub

SYSTEM = (
    "你是一个推荐系统，根据用户的历史行为，预测用户在电商场景的下一步行为。"
    "我会给你一串连续行为的语义编码，按照用户点击的时间顺序排列，每个行为用三个词表示。"
)
BEFORE, AFTER = "当前用户的历史行为如下：", "，请预测用户在电商推荐场景后续行为的语义编码"
USER = f"{BEFORE}C1989C14585C22548C6175C12563C20444{AFTER}"
HISTORY = ["C1989C14585C22548", "C6175C12563C20444"]
HUB = f"system,user,answer\n{SYSTEM},{USER},C1442C14117C19114\n"
ORIGIN = "AdPxq;6f1Re;VkqqK;DNkwT;395AQ;B0Oqd;LWQSt;Q4Sm5;2oCR4;0WIlv"


def _load(folder: Path, **files: str) -> ed.Release:
    """Load files given as ``path__with__underscores=text``."""
    return ed.load("taobao/forge", source=_write(folder, files))


def _write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def _rows(release: ed.Release, table: str = "sequences") -> pl.DataFrame:
    return release[table].lazy().collect()


def _sequences(folder: Path, name: str, text: str) -> pl.DataFrame:
    return _rows(_load(folder, **{name: text}))


def _text(row: dict[str, list[str] | str]) -> tuple[str, str]:
    """User and answer as upstream had them."""
    user = f"{row['prompt_prefix']}{''.join(row['history'])}{row['prompt_suffix']}"
    separator = "" if row["target_vocabulary"] == "semantic_id" else ";"
    return user, separator.join(row["target"])


def test_the_ten_real_rows(real: Path) -> None:
    """The repository's sample: TAB in a .csv, ids, and no newline at its end."""
    frame = _rows(ed.load("taobao/forge", source=real / "al_sid"))
    assert frame["history"].list.len().to_list() == [99, 99, 69, 11, 60, 73, 99, 100, 100, 98]
    assert frame["target"][0].to_list() == ["C1442C14117C19114"]
    assert frame["sequence_id"][0] == "0001ab79-88a4-415a-ab07-0988d41bb774"
    assert frame["system"].unique().to_list() == [SYSTEM]


def test_the_real_text_can_be_put_together_again(real: Path) -> None:
    """Prefix, history and suffix are the user's text byte for byte; the target is the answer."""
    raw = pl.read_csv(real / "al_sid/train_data.csv", separator="\t", quote_char=None)
    frame = _rows(ed.load("taobao/forge", source=real / "al_sid"))
    assert [_text(row) for row in frame.iter_rows(named=True)] == raw.select("user", "answer").rows()


def test_the_hub_form_is_comma_separated_and_has_no_id(tmp_path: Path) -> None:
    """The Hub's CSV files have three columns; the sequence has no id then."""
    row = _sequences(tmp_path, "s1_splits/part_01.csv", HUB).row(0, named=True)
    assert (row["sequence_id"], row["stage"], row["split"]) == (None, "s1", None)
    assert (row["history"], row["history_vocabulary"]) == (HISTORY, "semantic_id")
    assert (row["target"], row["target_vocabulary"]) == (["C1442C14117C19114"], "semantic_id")
    assert (row["prompt_prefix"], row["prompt_suffix"]) == (BEFORE, AFTER)


def test_json_lines_are_the_same_prompts(tmp_path: Path) -> None:
    """system, user and answer are called instruction, input and output there."""
    line = {"id": "0001ab79", "instruction": SYSTEM, "input": USER, "output": "C1442C14117C19114"}
    text = json.dumps(line, ensure_ascii=False)
    row = _sequences(tmp_path, "qwen_finetune_data.jsonl", text).row(0, named=True)
    assert (row["sequence_id"], row["system"]) == ("0001ab79", SYSTEM)
    assert _text(row) == (USER, "C1442C14117C19114")


def test_a_test_answer_is_a_list_of_item_ids(tmp_path: Path) -> None:
    """In test files the answer names base62 items, joined by semicolons; leading zeros are real."""
    text = f"system,user,answer\n{SYSTEM},{USER},0WIlv;00123;ECZSq\n"
    row = _sequences(tmp_path, "test_data/s1_tiny_test.csv", text).row(0, named=True)
    assert (row["target"], row["target_vocabulary"]) == (["0WIlv", "00123", "ECZSq"], "item_id")
    assert (row["stage"], row["split"], row["codebook"]) == ("s1", "test", "final")
    assert _text(row) == (USER, "0WIlv;00123;ECZSq")


def test_origin_behaviour_is_turned_round(tmp_path: Path) -> None:
    """Upstream stores the newest first; a history here is oldest first."""
    text = f"user_history,target_item\n{ORIGIN},ECZSq\n"
    row = _sequences(tmp_path, "origin_behavior/s2_tiny.csv", text).row(0, named=True)
    assert row["history"][0] == "0WIlv"
    assert ";".join(reversed(row["history"])) == ORIGIN
    assert (row["target"], row["target_vocabulary"]) == (["ECZSq"], "item_id")
    assert (row["stage"], row["split"], row["codebook"]) == ("s2", "train", None)


@pytest.mark.parametrize(
    ("source", "file", "expected"),
    [
        ("AL-GR", "s1_splits/part_01.csv", ("s1", None, "base")),
        ("AL-GR-v1/s1_splits", "part_01.csv", ("s1", None, "final")),
        ("test_data", "s2_tiny_test.csv", ("s2", "test", "final")),
        ("test_data/mine", "AL-GR-v1/s1_splits/part_01.csv", ("s1", None, "final")),
        (f"datasets--AL-GR--AL-GR/snapshots/{'0' * 40}", "s1_splits/part_01.csv", ("s1", None, "base")),
        (f"datasets--AL-GR--AL-GR-v1/snapshots/{'0' * 40}/s2_splits", "part_01.csv", ("s2", None, "final")),
        (f"datasets--me--mine/snapshots/{'0' * 40}", "s1_splits/part_01.csv", ("s1", None, None)),
        ("AL-GR/s1_splits/mine", "train_data.csv", (None, "train", None)),
    ],
)
def test_what_a_path_says_ends_at_the_source(
    tmp_path: Path, source: str, file: str, expected: tuple[str | None, ...]
) -> None:
    """Any folder of upstream's layout may be given; those above the one that is given are the user's own."""
    row = _sequences(tmp_path / source, file, HUB).row(0, named=True)
    assert (row["stage"], row["split"], row["codebook"]) == expected


@pytest.mark.parametrize(("name", "codebook"), [("AL-GR", "base"), ("AL-GR-v1", "final")])
def test_a_repository_says_its_codebook(monkeypatch: pytest.MonkeyPatch, name: str, codebook: str) -> None:
    """Downloads of the Hub lie below its name and the commit, which says nothing."""
    with Hub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        server.repo(f"AL-GR/{name}", {"s1_splits/part_01.csv": HUB.encode()})
        release = ed.load("taobao/forge", source=f"hf://datasets/AL-GR/{name}")
    assert _rows(release).select("stage", "codebook").rows() == [("s1", codebook)]


def test_one_file_name_two_forms(tmp_path: Path) -> None:
    """``s1_splits/part_01.csv`` holds prompts in one repository and behaviour in another."""
    release = _load(
        tmp_path,
        **{
            "AL-GR/s1_splits/part_01.csv": HUB,
            "Origin-Sequence-Data/s1_splits/part_01.csv": f"user_history,target_item\n{ORIGIN},ECZSq\n",
        },
    )
    assert sorted(_rows(release)["history_vocabulary"]) == ["item_id", "semantic_id"]


@pytest.mark.parametrize(
    ("path", "codebook"),
    [
        ("AL-GR/s1_splits/part_01.csv", "base"),
        ("AL-GR/AL-GR/s3_splits/part_19.csv", "base"),
        ("AL-GR-v1/s1_splits/part_01.csv", "final"),
        ("train_data/s1_tiny.csv", "final"),
        ("s1_splits/part_01.csv", None),
        ("train_data.csv", None),
    ],
)
def test_the_codebook_comes_from_the_repository(tmp_path: Path, path: str, codebook: str | None) -> None:
    """AL-GR speaks base, AL-GR-v1 and AL-GR-Tiny speak final; where the path is silent it is unknown."""
    assert _sequences(tmp_path, path, HUB)["codebook"].to_list() == [codebook]


@pytest.mark.parametrize(
    ("user", "answer", "rule"),
    [
        ("", "C1C8192C16384", "history"),
        (USER, "", "target"),
        (BEFORE + AFTER, "C1C8192C16384", "history"),
        (f"{BEFORE}C1989C14585C22548 C6175C12563C20444{AFTER}", "C1C8192C16384", "history"),
        (f"{BEFORE}C1989C14585C22548C6175{AFTER}", "C1C8192C16384", "history"),
        (USER, "C1442C14117C19114?", "target"),
    ],
)
def test_blank_and_malformed_prompts_are_rejected(tmp_path: Path, user: str, answer: str, rule: str) -> None:
    """A row without history or answer, or with codes that are no triples, is in quarantine with the rule."""
    release = _load(tmp_path, **{"train_data/s1_tiny.csv": f"{HUB}{SYSTEM},{user},{answer}\n"})
    rejected = release["sequences"].rejected()
    assert rejected["row"].to_list() == [3]
    assert rejected["reasons"][0].to_list() == [f"breaks the rule {rule}_is_neither_blank_nor_malformed"]
    assert rejected["raw"][0] == f"{SYSTEM},{user},{answer}"


@pytest.mark.parametrize(
    ("user", "answer", "token"),
    [
        (f"{BEFORE}C1989C14585C8{AFTER}", "C1442C14117C19114", "C1989C14585C8"),
        (USER, "C1442C14117C19114C1442C1C19114", "C1442C1C19114"),
    ],
)
def test_tokens_of_another_level_fail_validation(tmp_path: Path, user: str, answer: str, token: str) -> None:
    """In the history and in the answer; the items of a test answer are no tokens."""
    test = f"system,user,answer\n{SYSTEM},{USER},0WIlv;C1C2C\n"
    _load(
        tmp_path,
        **{"train_data/s1_tiny.csv": f"{HUB}{SYSTEM},{user},{answer}\n", "test_data/s1_tiny_test.csv": test},
    )
    (rule,) = [rule for rule in ed.validate("taobao/forge").rules if "one code of each level" in rule.name]
    assert (rule.status, rule.breaking) == ("failed", 1)
    assert token in str(rule.rows)


def test_preprocessed_behaviour_is_not_taken_for_item_ids(tmp_path: Path) -> None:
    """u2i/process.py writes ``idx|lv1|lv2|lv3`` under the same column names."""
    text = 'user_history,target_item\n"12|3|4|5,13|1|2|3","14|1|1|1"\n0WIlv,ECZSq\n'
    release = _load(tmp_path, **{"s1_splits/part_01.csv": text})
    assert release["sequences"].rejected()["row"].to_list() == [2]


@pytest.mark.parametrize("name", ["base62_string", "item_id", "whatever"])
def test_the_id_column_of_the_codes_may_have_any_name(tmp_path: Path, name: str) -> None:
    """base62_string in one file, item_id in another, else the first column; the codes are raw."""
    text = f"{name},codebook_lv1,codebook_lv2,codebook_lv3\n0WIlv,0,8191,12\n"
    frame = _rows(_load(tmp_path, **{"tiny_item_sid_final.csv": text}), "semantic_ids_final")
    assert frame.rows() == [("0WIlv", [0, 8191, 12], "final")]


def test_base_and_final_codes_are_kept_apart(tmp_path: Path) -> None:
    """The same item has other codes in each codebook, and a table of each."""
    head = "base62_string,codebook_lv1,codebook_lv2,codebook_lv3\n"
    release = _load(tmp_path, **{"sid_base.csv": head + "A,1,2,3\n", "sid_final.csv": head + "A,4,5,6\n"})
    assert _rows(release, "semantic_ids_base").rows() == [("A", [1, 2, 3], "base")]
    assert _rows(release, "semantic_ids_final").rows() == [("A", [4, 5, 6], "final")]


def test_empty_codes_stay_empty(tmp_path: Path) -> None:
    """An empty code is null, never 0; an item without codes stays."""
    text = "base62_string,codebook_lv1,codebook_lv2,codebook_lv3\nA,,,\nB,1,,3\n"
    frame = _rows(_load(tmp_path, **{"sid_base.csv": text}), "semantic_ids_base")
    assert frame["codes"].to_list() == [None, [1, None, 3]]


def test_codes_with_the_token_offset_are_rejected(tmp_path: Path) -> None:
    """Codes are 0 to 8191; the offset of level 2 and 3 is in the tokens only."""
    text = "base62_string,codebook_lv1,codebook_lv2,codebook_lv3\nA,1,8194,3\nB,1,2,3\n"
    release = _load(tmp_path, **{"sid_base.csv": text})
    assert release["semantic_ids_base"].rejected()["row"].to_list() == [2]


def test_inferred_codes_come_as_one_quoted_text(tmp_path: Path) -> None:
    """infer_SID.py writes item_id and the codes joined by commas."""
    text = 'item_id,SID\n813799260043,"1,8191,3"\n2,\n3,"1,2"\n4,"1,2,9000"\n'
    release = _load(tmp_path, **{"sid_final.csv": text})
    frame = _rows(release, "semantic_ids_final")
    assert frame.select("item_id", "codes").rows() == [("813799260043", [1, 8191, 3]), ("2", None)]
    assert release["semantic_ids_final"].rejected()["row"].to_list() == [4, 5]


def test_header_lines_in_the_middle_of_the_vectors_are_dropped_and_counted(tmp_path: Path) -> None:
    """Shards were put together from files with a header each."""
    vector = base64_texts(np.arange(512, dtype=np.float32)[None])[0]
    text = f"base62_string,feature\n0WIlv,{vector}\nbase62_string,feature\nECZSq,{vector}\n"
    release = _load(tmp_path, **{"Item-EMB/final_feature/part_01.csv": text})
    frame = _rows(release, "embeddings")
    assert frame.select("item_id", "dim", "codebook").rows() == [
        ("0WIlv", 512, "final"),
        ("ECZSq", 512, "final"),
    ]
    assert frame["vector"][1].to_list() == list(range(512))
    assert release["embeddings"].record.dropped == {"repeated header": 1}


@pytest.mark.parametrize("folder", ["final_feature", "base_feature", "final", "Item-EMB"])
def test_vectors_are_found_in_each_folder_upstream_names(tmp_path: Path, folder: str) -> None:
    """The listing, the cards and the README's snippets disagree about the folder."""
    vector = base64_texts(np.zeros((1, 512), np.float32))[0]
    text = f"base62_string,feature\n0WIlv,{vector}\n"
    frame = _rows(_load(tmp_path, **{f"{folder}/part_0.csv": text}), "embeddings")
    wanted = folder.removesuffix("_feature")
    assert frame["codebook"].to_list() == [wanted if wanted in {"base", "final"} else None]


def test_a_vector_of_another_length_is_rejected(tmp_path: Path) -> None:
    """511 values, or text that is no base64, never become a vector."""
    short, good = (base64_texts(np.ones((1, size), np.float32))[0] for size in (511, 512))
    text = f"base62_string,feature\nA,{short}\nB,{good}\nC,!\nD,\n"
    release = _load(tmp_path, **{"final_feature/part_01.csv": text})
    rejected = release["embeddings"].rejected()
    assert rejected["row"].to_list() == [2, 4, 5]
    assert set(rejected["reasons"].explode()) == {"breaks the rule feature_holds_512_float32"}


def test_files_of_unknown_columns_are_left_alone(tmp_path: Path) -> None:
    """search_data and Item-Info are not declared: nobody knows their columns."""
    release = _load(
        tmp_path, **{"train_data/s1_tiny.csv": HUB, "search_data/train_data/search_s1.csv": "a,b\n1,2\n"}
    )
    assert release["sequences"].record.read == 1


def test_the_contrastive_demo_needs_allow_pickle(tmp_path: Path) -> None:
    """Its ids are a pickled dict: refused by default, read by the restricted unpickler when asked for."""
    write_contrastive(tmp_path / "contrastive_data_mask.npz", 20, 0, pickled=True)
    with pytest.raises(DataError, match="itemEncID is pickled"):
        ed.load("taobao/forge", source=tmp_path)
    release = ed.load("taobao/forge", source=tmp_path, allow_pickle=True)
    pairs = _rows(release, "demo_pairs")
    assert pairs.height == 40
    assert set(pairs["item_id"]) <= set(_rows(release, "demo_pair_embeddings")["item_id"])


def test_the_pairs_load_without_unpickling(tmp_path: Path) -> None:
    """Only the table that needs the dict is refused."""
    write_contrastive(tmp_path / "contrastive_data_mask.npz", 20, 0, pickled=True)
    assert len(ed.load("taobao/forge", source=tmp_path, tables=["demo_pairs"])["demo_pairs"]) == 40


def test_the_sample_loads_from_a_folder_and_says_what_it_rejects(tmp_path: Path) -> None:
    """All tables are there; blank prompts and a short vector are rejected, recurring headers dropped."""
    write_sample(tmp_path, 2000, 3)
    release = ed.load("taobao/forge", source=tmp_path)
    assert set(release) == {table.name for table in ed.loader("taobao/forge").tables}
    assert release["embeddings"].record.rejected == 1
    assert release["embeddings"].record.dropped == {"repeated header": 1}
    assert 7 <= release["sequences"].record.rejected <= 14
    read = sum(release[table].record.read for table in release)
    assert 1800 < read < 2200


def test_the_sample_prompts_are_spelt_like_the_real_ones(real: Path, tmp_path: Path) -> None:
    """Header, system text, and what stands around the history are the real file's."""
    write_sample(tmp_path, 500, 0)
    shutil.copy(real / "al_sid/train_data.csv", tmp_path / "real.csv")
    frames = [
        pl.read_csv(path, separator="\t", quote_char=None)
        for path in (tmp_path / "real.csv", tmp_path / "algr/data/train_data.csv")
    ]
    shapes = [
        frame.select(
            "system",
            user=pl.col("user").str.replace_all(r"C\d+", "C"),
            answer=pl.col("answer").str.replace_all(r"\d", ""),
        ).select("system", pl.col("user").str.replace("C+", ""), "answer")
        for frame in frames
    ]
    assert frames[0].columns == frames[1].columns
    assert set(shapes[0].rows()) == set(shapes[1].rows())
    assert not (tmp_path / "algr/data/train_data.csv").read_bytes().endswith(b"\n")

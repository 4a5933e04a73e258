"""Labels on their way out: the store, Label Studio, Argilla, and from the store into card and Croissant."""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import polars as pl
import pytest
from click.testing import CliRunner

import ecomdata as ed
from ecomdata.annotating.adjudicating import decisions, resolved_items
from ecomdata.annotating.exporting.argilla import user_id
from ecomdata.annotating.exporting.exported import export_labels
from ecomdata.annotating.exporting.labelstudio import config
from ecomdata.annotating.logs import scale_of
from ecomdata.annotating.measuring.judgements import value_of
from ecomdata.annotating.pool import Pool, PoolItem
from ecomdata.annotating.project import Project
from ecomdata.annotating.settings import Settings
from ecomdata.annotating.taskfile import read_task, shipped_tasks
from ecomdata.cli import cli
from ecomdata.errors import UsageError
from tests.annotating import projects
from tests.annotating.schemas import ARGILLA, LABEL_STUDIO
from tests.annotating.simulated import simulate
from tests.conftest import RunCli

TASKS = ("sentiment", "helpfulness", "attributes")


@pytest.fixture(scope="module", params=TASKS)
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Project]:
    """A project of labels, of scores, of spans; half of the disagreements are left open."""
    with simulate(
        tmp_path_factory.mktemp(request.param) / "project", request.param, items=30, right=0.7
    ) as made:
        yield made


def from_regions(result: list[dict[str, Any]]) -> dict[str, Any]:
    """The answer that Label Studio's regions are of."""
    (kind,) = {one["type"] for one in result} or {"labels"}
    if kind == "choices":
        return {"labels": result[0]["value"]["choices"]}
    if kind in {"rating", "number"}:
        return {"score": result[0]["value"][kind]}
    return {
        "spans": [
            {
                "field": one["to_name"],
                "start": one["value"]["start"],
                "end": one["value"]["end"],
                "label": one["value"]["labels"][0],
            }
            for one in result
        ]
    }


def from_values(task: str, values: dict[str, Any]) -> dict[str, Any]:
    """The answer that the values of Argilla's questions are of."""
    if task == "attributes":
        spans = [{"field": "title", **span} for span in values["attributes_title"]]
        return {"spans": spans}
    return {"labels": [values[task]]} if task == "sentiment" else {"score": values[task]}


def test_label_studio_gets_everything_in_its_form(project: Project, tmp_path: Path) -> None:
    """The JSON fits what its documentation says, and every answer, decision and suggestion is read back."""
    path = tmp_path / "tasks.json"
    done = export_labels(project.folder, to="label-studio", output=path)
    tasks = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(tasks, LABEL_STUDIO)
    scale = scale_of(project.task)
    answers = project.answers()
    read = [
        (task["id"], one["completed_by"], value_of(from_regions(one["result"]), scale), one["lead_time"])
        for task in tasks
        for one in task["annotations"]
        if not one["ground_truth"]
    ]
    expected = [
        (
            row["item_id"],
            row["annotator_id"],
            value_of(json.loads(row["answer"]), scale),
            row["active_ms"] / 1000,
        )
        for row in answers.iter_rows(named=True)
    ]
    assert sorted(read) == sorted(expected)
    decided = {
        task["id"]: value_of(from_regions(one["result"]), scale)
        for task in tasks
        for one in task["annotations"]
        if one["ground_truth"]
    }
    assert decided == decisions(project)
    predicted = [
        value_of(from_regions(one["result"]), scale) for task in tasks for one in task["predictions"]
    ]
    assert predicted == [value_of(json.loads(text), scale) for text in project.suggestions()["answer"]]
    for task in tasks:
        assert {**task["data"], "row_id": task["id"]} == task["data"]
        for one in task["annotations"]:
            for part in one["result"]:
                if part["type"] == "labels":
                    value = part["value"]
                    assert task["data"][part["to_name"]][value["start"] : value["end"]] == value["text"]
    assert done.items == len(tasks)


def test_the_labelling_interface_names_what_results_name(project: Project, tmp_path: Path) -> None:
    """Each result's from_name and to_name are tags of the XML, and each label is one of its values."""
    done = export_labels(project.folder, to="label-studio", output=tmp_path / "tasks.json")
    root = ET.fromstring(Path(done.config).read_text(encoding="utf-8"))  # noqa: S314 - written by us
    names = {tag.get("name"): tag for tag in root.iter() if tag.get("name")}
    for task in json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8")):
        for one in (*task["annotations"], *task["predictions"]):
            for part in one["result"]:
                control = names[part["from_name"]]
                assert control.get("toName") == part["to_name"]
                assert control.tag.lower() == part["type"]
                known = {inner.get("value") for inner in control}
                assert {*part["value"].get(part["type"], ())} <= known if known else True
        assert {tag.get("value", "$")[1:] for tag in root.iter("Text")} <= set(task["data"])


@pytest.mark.parametrize("name", shipped_tasks())
def test_every_shipped_task_has_an_interface(name: str) -> None:
    """It is XML, whatever the question says."""
    root = ET.fromstring(config(read_task(name)))  # noqa: S314 - written by us
    assert root.find("Header") is not None
    assert {tag.tag for tag in root} & {"Choices", "Rating", "Number", "Labels"}


def test_argilla_gets_everything_in_its_form(project: Project, tmp_path: Path) -> None:
    """The JSON fits what its documentation says, and every answer and suggestion is read back."""
    path = tmp_path / "records.json"
    export_labels(project.folder, to="argilla", output=path)
    records = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(records, ARGILLA)
    scale = scale_of(project.task)
    task = project.task.name
    names = {user_id(person.name): person.name for person in project.annotators()}
    read = sorted(responses(records, names, task, scale))
    expected = [
        (row["item_id"], row["annotator"], value_of(json.loads(row["answer"]), scale))
        for row in project.answers().iter_rows(named=True)
    ]
    assert read == sorted(expected)
    suggested = [
        value_of(
            from_values(task, {name: one["value"] for name, one in record["suggestions"].items()}), scale
        )
        for record in records
    ]
    assert suggested == [value_of(json.loads(text), scale) for text in project.suggestions()["answer"]]
    done = {one.item_id for one in resolved_items(project) if one.source != "disputed"}
    assert {int(record["id"]) for record in records if record["status"] == "completed"} == done


def responses(
    records: list[dict[str, Any]], names: dict[str, str], task: str, scale: Any
) -> Iterator[tuple[int, str, str]]:
    """Item, person and value of each response."""
    for record in records:
        for question, answers in record["responses"].items():
            for one, name in zip(answers, record["metadata"]["annotators"], strict=True):
                assert names[one["user_id"]] == name
                yield int(record["id"]), name, value_of(from_values(task, {question: one["value"]}), scale)


def test_the_table_has_what_labels_rest_on(project: Project, tmp_path: Path) -> None:
    """A row for each item that was answered: its label in the task's type, and how it came about."""
    path = tmp_path / "labels.parquet"
    done = export_labels(project.folder, output=path)
    table = pl.read_parquet(path)
    resolved = {one.item_id: one for one in resolved_items(project)}
    assert table.height == len(resolved) == done.items
    scale = scale_of(project.task)
    for row in table.iter_rows(named=True):
        one = resolved[row["item_id"]]
        assert (row["source"], row["annotators"], row["agreement"]) == (
            one.source,
            one.annotators,
            one.agreement,
        )
        label = {"score": row["label"], "spans": row["label"], "labels": [row["label"]]}
        assert value_of({scale.kind: label[scale.kind]}, scale) == one.value
        assert row["row_id"] == row["item_id"]
    assert set(table["model"].drop_nulls()) == {"endpoint toy-1"}
    export_labels(project.folder, output=tmp_path / "again.parquet")
    assert path.read_bytes() == (tmp_path / "again.parquet").read_bytes()


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Path, Project]]:
    """A home with BanglishRev's sample, and a project over rows of its reviews."""
    home = tmp_path_factory.mktemp("home")
    release = ed.load("banglishrev", sample=True, home=home)
    source = ("banglishrev", release.manifest.release, "reviews")
    with simulate(home / "project", items=25, dataset=source) as made:
        yield home, made


def test_the_catalog_shows_stored_labels(labelled: tuple[Path, Project]) -> None:
    """They are a view of the dataset, join with its table by row, have its key, and are written anew."""
    home, project = labelled
    done = export_labels(project.folder, home=home)
    assert done.view == "banglishrev.labels_sentiment"
    found = ed.sql("FROM banglishrev.labels_sentiment ORDER BY row_id", home=home)
    assert found.height == done.items == 25
    key = ed.loader("banglishrev").table("reviews").key
    reviews = ed.sql("FROM banglishrev.reviews LIMIT 25", home=home)
    assert key
    for column in key:
        assert found[column].to_list() == reviews[column][:25].to_list()
    first = sorted(Path(done.path).parent.iterdir())
    export_labels(project.folder, home=home)
    assert sorted(Path(done.path).parent.iterdir()) == first


def test_a_view_is_one_tasks_alone(labelled: tuple[Path, Project], tmp_path: Path) -> None:
    """SQL knows no case, so two such tasks would be one view, and needs quotes around a hyphen."""
    home, project = labelled
    release = project.meta["release"]
    for number, name in enumerate(("My-task", "my-task")):
        item = PoolItem(1, {"text": "fine"})
        pool = Pool(items=iter([item]), dataset="banglishrev", release=release, table="reviews")
        settings = Settings()
        with Project.create(
            tmp_path / str(number), task=projects.task(name=name), pool=pool, settings=settings
        ) as made:
            (ana,) = projects.people(made)
            projects.answer(made, ana)
    done = export_labels(tmp_path / "0", home=home)
    assert done.view == 'banglishrev."labels_My-task"'
    assert ed.sql(f"FROM {done.view}", home=home).height == 1
    with pytest.raises(UsageError, match="SQL cannot tell it from 'my-task'"):
        export_labels(tmp_path / "1", home=home)
    said = CliRunner().invoke(cli, ["annotate", "export", str(tmp_path / "0"), "--home", str(home)]).stderr
    assert r'ecomdata sql "FROM banglishrev.\"labels_My-task\""' in said
    shutil.rmtree(Path(done.path).parent)


def test_card_and_croissant_tell_how_labels_came_about(
    labelled: tuple[Path, Project], tmp_path: Path
) -> None:
    """Without labels nothing is said; with them the log fills the words for annotation; checks pass."""
    home, project = labelled
    folder = home / "labels" / "banglishrev"
    if folder.exists():
        folder.rename(home / "aside")
    ed.card("banglishrev", out=tmp_path / "before", home=home)
    before = json.loads((tmp_path / "before" / "croissant.json").read_text(encoding="utf-8"))
    assert not [name for name in before if "nnotation" in name and name.startswith("rai:")]
    assert "## Labels" not in (tmp_path / "before" / "README.md").read_text(encoding="utf-8")
    export_labels(project.folder, home=home)
    done = ed.card("banglishrev", out=tmp_path / "after", home=home, check=True)
    assert done.problems == ()
    after = json.loads((tmp_path / "after" / "croissant.json").read_text(encoding="utf-8"))
    assert after["rai:annotationsPerItem"] == "sentiment: 2"
    assert after["rai:machineAnnotationTools"] == ["endpoint toy-1"]
    assert after["rai:dataAnnotationPlatform"] == [f"ecomdata {ed.__version__} annotate"]
    assert "3 people were asked" in after["rai:dataAnnotationProtocol"][0]
    assert any("Krippendorff's alpha" in text for text in after["rai:dataAnnotationAnalysis"])
    text = (tmp_path / "after" / "README.md").read_text(encoding="utf-8")
    assert "## Labels" in text
    assert "What does the writer think of the product?" in text


def test_damaged_labels_are_not_seen(labelled: tuple[Path, Project]) -> None:
    """A file that was cut short, or a manifest that names another folder's file, is no label set."""
    home, project = labelled
    done = export_labels(project.folder, home=home)
    manifest = Path(done.path).with_name("manifest.json")
    whole, said = Path(done.path).read_bytes(), manifest.read_text(encoding="utf-8")
    Path(done.path).write_bytes(whole[:-9])
    with pytest.raises(UsageError, match="labels_sentiment"):
        ed.sql("FROM banglishrev.labels_sentiment", home=home)
    Path(done.path).write_bytes(whole)
    manifest.write_text(said.replace(Path(done.path).name, "../../../../store/x.parquet"), encoding="utf-8")
    with pytest.raises(UsageError, match="labels_sentiment"):
        ed.sql("FROM banglishrev.labels_sentiment", home=home)
    for spoilt in (
        {"file": {"path": 1}},
        {"items": ""},
        {"sources": []},
        {"per_item": []},
        {"analysis": "x"},
    ):
        manifest.write_text(json.dumps({**json.loads(said), **spoilt}), encoding="utf-8")
        with pytest.raises(UsageError, match="labels_sentiment"):
            ed.sql("FROM banglishrev.labels_sentiment", home=home)
    manifest.write_text(said, encoding="utf-8")
    assert ed.sql("FROM banglishrev.labels_sentiment", home=home).height == 25


def test_the_command_writes_where_it_is_told(
    labelled: tuple[Path, Project], run_cli: RunCli, tmp_path: Path
) -> None:
    """The place on stdout, what next on stderr; JSON for machines."""
    home, project = labelled
    done = run_cli("annotate", "export", project.folder, "--home", home)
    assert done.stdout.strip().endswith(".parquet")
    assert "banglishrev.labels_sentiment" in done.stderr
    out = tmp_path / "tasks.json"
    asked = ("annotate", "export", project.folder, "--to", "label-studio", "-o", out, "--json")
    assert json.loads(run_cli(*asked).stdout)["items"] == 25


def test_wrong_use_is_told(tmp_path: Path) -> None:
    """Nobody answered, no dataset, a folder that is not there, a form that nobody has."""
    with simulate(tmp_path / "empty", items=3, people=0, pull=0) as empty:
        with pytest.raises(UsageError, match="labelled yet"):
            export_labels(empty.folder, output=tmp_path / "labels.parquet")
        with pytest.raises(UsageError, match="from no dataset"):
            export_labels(empty.folder, home=tmp_path)
        with pytest.raises(UsageError, match="is no folder"):
            export_labels(empty.folder, output=tmp_path / "none" / "labels.parquet")
        with pytest.raises(UsageError, match="nothing is exported to"):
            export_labels(empty.folder, to="doccano")
        with pytest.raises(UsageError, match="is where the labelling interface goes"):
            export_labels(empty.folder, to="label-studio", output=tmp_path / "tasks.xml")
    with (
        simulate(tmp_path / "old", items=3, dataset=("merrec", "0123456789ab", "items")) as old,
        pytest.raises(UsageError, match="not in"),
    ):
        export_labels(old.folder, home=tmp_path)

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import polars as pl
import pytest

from ecomdata.annotating.database import PROJECT_FILE, create_database
from ecomdata.annotating.project import Project
from ecomdata.errors import DataError, EcomdataError, UsageError
from tests.annotating.projects import NEGATIVE, POSITIVE, answer, make_project, people, suggest
from tests.conftest import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Ten items, one answer each."""
    with make_project(tmp_path / "project") as made:
        yield made


def test_a_project_is_one_file_that_says_all_of_itself(project: Project) -> None:
    """The task, the settings, the seed; open again it is the same. WAL, and nothing else in the folder."""
    with Project.open(project.folder) as again:
        assert (again.task, again.settings, again.seed) == (project.task, project.settings, project.seed)
        assert again.items()["content"].to_list() == [f'{{"text":"text {number}"}}' for number in range(10)]
        assert again.item(3).content == {"text": "text 2"}
    names = {path.name for path in project.folder.iterdir()}
    assert names <= {PROJECT_FILE, f"{PROJECT_FILE}-wal", f"{PROJECT_FILE}-shm"}
    with closing(sqlite3.connect(project.folder / PROJECT_FILE)) as file:
        assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_nothing_is_ever_overwritten(project: Project) -> None:
    """SQLite itself refuses to change or delete a row of any table."""
    (ana,) = people(project)
    suggest(project)
    answer(project, ana)
    with closing(sqlite3.connect(project.folder / PROJECT_FILE)) as file:
        tables = [row[0] for row in file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for table in set(tables) - {"sqlite_sequence"}:
            (column, *_) = (row[1] for row in file.execute(f"PRAGMA table_info({table})"))
            for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}"):  # noqa: S608
                with pytest.raises(sqlite3.IntegrityError, match="never changed"):
                    file.execute(statement)


def test_an_open_item_comes_again_until_it_is_answered(project: Project) -> None:
    """Also after the project was closed; each item once, and None at the end."""
    (ana,) = people(project)
    first = project.next_item(ana)
    assert first is not None
    assert (first.reason, first.arm, first.suggestion) == ("pool", "none", None)
    with Project.open(project.folder) as again:
        assert again.next_item(ana) == first == again.assignment(first.assignment_id)
    items = [answer(project, ana) for _ in range(10)]
    assert items[0] == first.item_id
    assert sorted(items) == list(range(1, 11))
    assert items != sorted(items)
    assert project.next_item(ana) is None


def test_the_seed_decides_the_order(tmp_path: Path) -> None:
    """The same seed gives the same order, another one another."""
    orders: list[list[int]] = []
    for number, seed in enumerate((1, 1, 2)):
        with make_project(tmp_path / str(number), seed=seed) as project:
            (ana,) = people(project)
            orders.append([answer(project, ana) for _ in range(10)])
    assert orders[0] == orders[1] != orders[2]


def test_several_people_share_the_pool(tmp_path: Path) -> None:
    """With an overlap of two each item gets two people, never one of them twice, and none a third."""
    with make_project(tmp_path / "project", 30, overlap=2) as project:
        everyone = people(project, 3)
        for _ in range(20):
            for person in everyone:
                answer(project, person)
        assert [project.next_item(person) for person in everyone] == [None] * 3
        answers = project.answers()
        assert set(answers.group_by("item_id").len()["len"]) == {2}
        assert answers.select("item_id", "annotator_id").is_unique().all()
        assert set(answers["reason"]) == {"pool", "overlap"}
        assert project.counts().complete == 30


def test_a_share_of_the_items_is_for_several(tmp_path: Path) -> None:
    """The seed says which; the others are answered once."""
    with make_project(tmp_path / "project", 200, overlap=3, overlap_share=0.25) as project:
        everyone = people(project, 3)
        while any(project.next_item(person) for person in everyone):
            for person in everyone:
                if project.next_item(person):
                    answer(project, person)
        counts = Counter(project.answers().group_by("item_id").len()["len"].to_list())
        assert set(counts) == {1, 3}
        assert 30 <= counts[3] <= 70
        assert project.progress(everyone[0]).complete == 200


def test_the_arm_is_decided_once_by_the_seed(tmp_path: Path) -> None:
    """A share of the items hides its suggestion; which one there was is known in both arms."""
    with make_project(tmp_path / "project", 400, blind_share=0.2) as project:
        (ana,) = people(project)
        suggest(project, NEGATIVE)
        suggest(project, POSITIVE, round=2)
        for _ in range(400):
            given = project.next_item(ana)
            assert given is not None
            assert (given.suggestion is None) == (given.arm == "blind")
            if given.suggestion is not None:
                assert (given.suggestion.answer, given.suggestion.round) == (POSITIVE, 2)
                assert given.suggestion.confidence == 0.9
            answer(project, ana, accepted=True if given.suggestion else None)
        answers = project.answers()
        arms = Counter(answers["arm"].to_list())
        assert set(arms) == {"shown", "blind"}
        assert 55 <= arms["blind"] <= 105
        assert set(answers["suggestion"]) == {'{"labels":["positive"]}'}
        assert answers.filter(arm="blind")["accepted"].null_count() == arms["blind"]
        assert answers.filter(arm="shown")["accepted"].all()


@pytest.mark.parametrize(("share", "arm"), [(0.0, "shown"), (1.0, "blind")])
def test_all_or_none_are_blind(share: float, arm: str, tmp_path: Path) -> None:
    """A share of 0 and one of 1 leave nothing to chance; an unparsed suggestion is none."""
    with make_project(tmp_path / "project", blind_share=share) as project:
        (ana,) = people(project)
        suggest(project)
        suggest(project, None, outcome="unparsed", confidence=None)
        given = project.next_item(ana)
        assert given is not None
        assert given.arm == arm


def test_gold_items_come_unawares(tmp_path: Path) -> None:
    """About their share of what a person is asked, each once a person, and never as part of the pool."""
    gold = dict.fromkeys(range(20), '{"labels":["negative"]}')
    with make_project(tmp_path / "project", 320, gold=gold, gold_share=0.1, overlap=2) as project:
        ana, ben = people(project, 2)
        for person in (ana, ben):
            while project.next_item(person):
                answer(project, person)
        answers = project.answers()
        golden = answers.filter(reason="gold")
        assert set(golden["item_id"]) <= set(range(1, 21))
        assert golden.select("item_id", "annotator_id").is_unique().all()
        assert answers.filter(reason="pool")["item_id"].min() == 21
        for person in (ana, ben):
            assert 10 <= golden.filter(annotator_id=person).height <= 20
        assert (project.counts().gold, project.progress(ana).items, project.progress(ana).complete) == (
            20,
            300,
            300,
        )
        assert project.item(1).gold == NEGATIVE


def test_what_is_skipped_goes_to_others_and_at_last_to_nobody(tmp_path: Path) -> None:
    """Not to the same person again; after three skips the item leaves the pool."""
    with make_project(tmp_path / "project", 1) as project:
        for number, person in enumerate(people(project, 4)):
            given = project.next_item(person)
            assert (given is None) == (number == 3)
            if given:
                project.skip(given.assignment_id, "no text", active_ms=10, wall_ms=20, comment="empty")
                assert project.next_item(person) is None
                assert project.progress(person).skipped == 1
        assert project.answers().is_empty()


def test_what_was_skipped_too_often_comes_back_when_a_skip_is_undone(tmp_path: Path) -> None:
    """Also to whoever looked for an item when it was nobody's."""
    with make_project(tmp_path / "project", 1, overlap=2) as project:
        *three, dan = people(project, 4)
        for person in three:
            given = project.next_item(person)
            assert given is not None
            project.skip(given.assignment_id, "no text", active_ms=10, wall_ms=20)
        assert project.next_item(dan) is None
        project.undo(three[0])
        answer(project, three[0])
        answer(project, dan)
        assert project.counts().complete == 1


def test_an_item_that_someone_left_open_goes_to_another(tmp_path: Path) -> None:
    """After the time that it is held; whoever comes back late may answer it all the same."""
    with make_project(tmp_path / "project", 1, hold_minutes=1e-4) as project:
        ana, ben = people(project, 2)
        late = project.next_item(ana)
        assert late is not None
        while (given := project.next_item(ben)) is None:
            pass
        assert given.item_id == late.item_id
        answer(project, ben)
        assert answer(project, ana) == late.item_id
        assert project.answers().height == 2
        assert project.counts().complete == 1


def test_a_clock_that_was_ahead_holds_nothing_for_years(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was handed out then is held from now on, and what was handed out since is let go in its time."""
    with make_project(tmp_path / "project", 2, hold_minutes=1e-3) as project:
        ana, ben, cai = people(project, 3)
        with monkeypatch.context() as ahead:
            ahead.setattr("ecomdata.annotating.project.now", lambda: "2096-01-01T00:00:00.000+00:00")
            early = project.next_item(ana)
        late = project.next_item(ben)
        assert early is not None
        assert late is not None
        given: list[int] = []
        for item in (early, late):
            end = time.monotonic() + 20
            while (one := project.next_item(cai)) is None:
                assert time.monotonic() < end, f"item {item.item_id} is held for ever"
            given.append(one.item_id)
            answer(project, cai)
        assert sorted(given) == [1, 2]


def test_two_make_a_project_in_one_folder(tmp_path: Path) -> None:
    """One does; the other hears that there is one."""
    heard: list[str] = []

    def make() -> None:
        try:
            make_project(tmp_path / "project", 2).close()
        except UsageError as error:
            heard.append(str(error))

    threads = [threading.Thread(target=make) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(heard) == 2
    assert all("holds a project already" in text for text in heard)
    assert [path.name for path in tmp_path.iterdir()] == ["project"]


def test_undo_goes_back_one_by_one(project: Project) -> None:
    """An answer, a skip, as often as wanted; the log keeps all of it, the answers only what counts."""
    (ana,) = people(project)
    first = answer(project, ana)
    given = project.next_item(ana)
    assert given is not None
    project.skip(given.assignment_id, "unclear", active_ms=5, wall_ms=5)
    third = project.next_item(ana)
    for expected in (given.item_id, first):
        back = project.undo(ana)
        assert back is not None
        assert back.item_id == expected
        assert project.next_item(ana) == back
    assert project.undo(ana) is None
    assert answer(project, ana, NEGATIVE) == first
    assert answer(project, ana) == given.item_id
    assert project.next_item(ana) == third
    assert project.events()["kind"].to_list() == ["answer", "skip", "undo", "undo", "answer", "answer"]
    assert project.answers()["answer"].to_list() == ['{"labels":["negative"]}', '{"labels":["positive"]}']
    assert project.progress(ana).answered == 2
    with Project.open(project.folder) as again:
        assert again.next_item(ana) == third
        assert again.progress(ana) == project.progress(ana)


@pytest.mark.parametrize("seed", range(4))
def test_a_project_opened_anew_is_in_the_same_state(seed: int, tmp_path: Path) -> None:
    """Whatever four people did, in whatever order: answers, skips, undos, items left open, a round."""
    rng = random.Random(seed)  # noqa: S311 - a made-up day
    gold = dict.fromkeys(range(3), '{"labels":["positive"]}')
    with make_project(tmp_path / "p", 30, gold=gold, overlap=2, overlap_share=0.5, gold_share=0.2) as project:
        everyone = people(project, 4)
        for step in range(150):
            person = rng.choice(everyone)
            given = project.next_item(person)
            deed = rng.random()
            if deed < 0.2:
                project.undo(person)
            elif given is not None and deed < 0.3:
                project.skip(given.assignment_id, "unclear", active_ms=1, wall_ms=1)
            elif given is not None and deed < 0.9:
                answer(project, person)
            elif step == 75:
                project.add_round([], {"first": [30, 29, 28]})
        with Project.open(project.folder) as again:
            assert again.counts() == project.counts()
            assert again.waiting() == project.waiting()
            assert [again.progress(one) for one in everyone] == [project.progress(one) for one in everyone]
            counted = Counter(project.answers().filter(pl.col("reason") != "gold")["item_id"].to_list())
            assert project.counts().answers == project.answers().height
            assert set(project.waiting()).isdisjoint(item for item, count in counted.items() if count >= 2)
            assert [again.next_item(one) for one in everyone] == [project.next_item(one) for one in everyone]


def test_what_is_sent_twice_counts_once(project: Project) -> None:
    """The reply was lost and the page sends again, the same or a changed answer: the first time counts."""
    ana, ben = people(project, 2)
    given, other = project.next_item(ana), project.next_item(ben)
    assert given is not None
    assert other is not None
    options = {"active_ms": 1, "wall_ms": 1, "client_key": "k1"}
    event = project.record_answer(given.assignment_id, POSITIVE, **options)
    assert project.record_answer(given.assignment_id, NEGATIVE, **options) == event
    assert project.answers()["answer"].to_list() == ['{"labels":["positive"]}']
    with pytest.raises(UsageError, match="client_key 'k1' is that of another event"):
        project.record_answer(other.assignment_id, POSITIVE, **options)
    with pytest.raises(UsageError, match="answered already"):
        project.record_answer(given.assignment_id, POSITIVE, active_ms=1, wall_ms=1, client_key="k2")
    assert project.undo(ana, client_key="u1") == project.undo(ana, client_key="u1")
    assert project.events().height == 2


def test_answers_that_are_none_are_refused(project: Project) -> None:
    """A label outside the set, an item that was never given; nothing is stored."""
    (ana,) = people(project)
    given = project.next_item(ana)
    assert given is not None
    for value, more, said in (
        ({"labels": ["good"]}, {}, "not in the label set"),
        (POSITIVE, {"comment": "x" * 20_000}, "20,000 characters"),
    ):
        with pytest.raises(UsageError, match=said):
            project.record_answer(given.assignment_id, value, active_ms=1, wall_ms=1, **more)
    with pytest.raises(UsageError, match="no assignment 99"):
        project.record_answer(99, POSITIVE, active_ms=1, wall_ms=1)
    with pytest.raises(UsageError, match="no item 99"):
        project.item(99)
    with pytest.raises(UsageError, match="belong to assignments"):
        project.record("answer", {})
    assert project.events().is_empty()


def test_people_sign_in_by_a_token_of_which_the_hash_is_kept(project: Project) -> None:
    """A new one takes the place of the old one; names are taken once."""
    token = project.add_annotator(" Bảo Trân ")
    ana = project.annotator_by_token(token)
    assert ana is not None
    assert ana.name == "Bảo Trân"
    assert token.encode() not in (project.folder / f"{PROJECT_FILE}-wal").read_bytes()
    assert project.annotator_by_token("") is project.annotator_by_token(f"{token}x") is None
    renewed = project.renew_token("Bảo Trân")
    assert project.annotator_by_token(token) is None
    assert project.annotator_by_token(renewed) == ana
    for name, said in (
        ("Bảo Trân", "already someone"),
        ("  ", "no name"),
        ("a\nb", "no name"),
        ("x" * 101, "no name"),
    ):
        with pytest.raises(UsageError, match=said):
            project.add_annotator(name)
    with pytest.raises(UsageError, match="nobody called Ben"):
        project.renew_token("Ben")


def test_other_events_are_kept_with_their_payload(project: Project) -> None:
    """Such as an adjudication; with a key they count once."""
    (ana,) = people(project)
    events = [
        project.record("adjudicate", {"answer": POSITIVE}, item_id=3, annotator_id=ana, client_key="a")
        for _ in range(2)
    ]
    assert events[0] == events[1]
    row = project.events().row(0, named=True)
    assert (row["kind"], row["item_id"], row["payload"]) == (
        "adjudicate",
        3,
        '{"answer":{"labels":["positive"]}}',
    )


def test_threads_of_one_process_share_a_project(tmp_path: Path) -> None:
    """Eight people at once: every item once, nothing lost, nothing twice."""
    with make_project(tmp_path / "project", 200) as project:
        told: list[int] = []

        def work(person: int) -> None:
            while project.next_item(person) is not None:
                told.append(answer(project, person))

        threads = [threading.Thread(target=work, args=(person,)) for person in people(project, 8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(told) == list(range(1, 201))
        assert sorted(project.answers()["item_id"]) == sorted(told)


def test_nothing_is_lost_or_doubled_when_processes_are_killed(tmp_path: Path) -> None:
    """Two processes at one project, killed with SIGKILL and started again: all they were told holds."""
    with make_project(tmp_path / "project", 300) as project:
        everyone = people(project, 2)
        told: list[tuple[str, ...]] = []
        for lines in (40, 25, 1000):
            workers = [
                subprocess.Popen(
                    [sys.executable, "-m", "tests.annotating.worker", str(project.folder), str(person)],
                    cwd=ROOT,
                    env={**os.environ, "PYTHONPATH": str(ROOT)},
                    stdout=subprocess.PIPE,
                    text=True,
                )
                for person in everyone
            ]
            for worker in workers:
                assert worker.stdout is not None
                told += [tuple(line.split()) for line in islice(worker.stdout, lines)]
                if lines < 1000:
                    worker.kill()
                told += [tuple(line.split()) for line in worker.stdout if line.endswith("\n")]
                worker.stdout.close()
                worker.wait()
        answers = project.answers()
        assert sorted(answers["item_id"]) == list(range(1, 301))
        stored = {
            (str(row[0]), str(row[1]), str(row[2]))
            for row in answers.select("item_id", "assignment_id", "event_id").rows()
        }
        assert {line[:3] for line in told} <= stored
        assert len({line[2] for line in told}) == len(told)
        assert len(stored) - len(told) <= 4  # stored, and killed before it could tell
        for _, assignment, event, key in told[:5]:
            again = project.record_answer(int(assignment), POSITIVE, active_ms=1, wall_ms=1, client_key=key)
            assert again == int(event)


def test_files_that_are_no_projects(tmp_path: Path, project: Project) -> None:
    """No folder, an empty one, another program's SQLite file, something else, a newer version."""
    with pytest.raises(UsageError, match="is no annotation project"):
        Project.open(tmp_path / "nowhere")
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(UsageError, match="is no annotation project"):
        Project.open(other)
    (other / PROJECT_FILE).write_text("nothing of the kind " * 100)
    with pytest.raises(DataError, match="cannot be read: file is not a database"):
        Project.open(other)
    (other / PROJECT_FILE).unlink()
    with closing(sqlite3.connect(other / PROJECT_FILE)) as file, file:
        file.execute("CREATE TABLE t (x)")
    with pytest.raises(UsageError, match="an SQLite file, but no annotation project"):
        Project.open(other)
    project.close()
    with closing(sqlite3.connect(project.folder / PROJECT_FILE)) as file, file:
        file.execute("PRAGMA user_version = 2")
    with pytest.raises(EcomdataError, match=r"newer ecomdata \(schema 2, this one knows 1\)") as error:
        Project.open(project.folder)
    assert "upgrade" in error.value.hint


def test_a_project_needs_a_new_folder_and_something_to_ask(tmp_path: Path, project: Project) -> None:
    """What is there is left as it is, and nothing half-made remains."""
    with pytest.raises(UsageError, match="holds a project already"):
        make_project(project.folder)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("dear")
    with pytest.raises(UsageError, match="not empty"):
        make_project(tmp_path / "full")
    with pytest.raises(UsageError, match="the pool is empty"):
        make_project(tmp_path / "none", [])
    with pytest.raises(UsageError, match="all 1 items of the pool have a known answer"):
        make_project(tmp_path / "none", 1, gold={0: '{"labels":["positive"]}'})
    (tmp_path / "empty").mkdir()
    make_project(tmp_path / "empty").close()
    assert {path.name for path in tmp_path.iterdir()} == {"project", "full", "empty"}


def test_a_disk_that_fills_up_while_a_project_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named, and nothing half-made remains."""

    def small(path: Path) -> sqlite3.Connection:
        connection = create_database(path)
        connection.execute("PRAGMA max_page_count = 30")
        return connection

    monkeypatch.setattr("ecomdata.annotating.creating.create_database", small)
    with pytest.raises(EcomdataError, match="no space left on the disk"):
        make_project(tmp_path / "large", 10_000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"overlap": 0},
        {"blind_share": 1.5},
        {"gold_share": -0.1},
        {"strategy": "best"},
        {"batch": 0},
        {"hold_minutes": 0},
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, object], tmp_path: Path) -> None:
    """They are refused before anything is made."""
    with pytest.raises(UsageError):
        make_project(tmp_path / "project", **settings)
    assert not (tmp_path / "project").exists()


def test_a_disk_that_cannot_be_written_is_said_so(project: Project) -> None:
    """Another process that holds the file, or a file that may only be read: the hint says what may be."""
    (ana,) = people(project)
    project._connection.execute("PRAGMA query_only = ON")  # noqa: SLF001 - as a read-only disk
    with pytest.raises(EcomdataError, match="cannot be written") as error:
        project.next_item(ana)
    assert "read-only" in error.value.hint


def test_a_project_that_may_not_be_read_is_told(project: Project) -> None:
    """In a folder that a group shares; it was an unexpected OperationalError."""
    setpriv = shutil.which("setpriv")
    if not setpriv:
        pytest.skip("root may read any file, unless setpriv starts what does")
    others = [setpriv, "--bounding-set=-dac_override,-dac_read_search"] if not os.geteuid() else []
    code = """
import sys
from ecomdata.annotating.project import Project
from ecomdata.errors import EcomdataError
try:
    Project.open(sys.argv[1])
except EcomdataError as error:
    print(error, error.hint)
"""
    project.close()
    (project.folder / PROJECT_FILE).chmod(0)
    done = subprocess.run(
        [*others, sys.executable, "-c", code, project.folder],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "cannot be read: unable to open database file may you read it?" in done.stdout, done.stderr


def test_a_project_on_a_read_only_disk_is_read(tmp_path: Path, project: Project) -> None:
    """Nothing is written into it; where the last answers would have to be taken in first, that is said."""
    mount, place = shutil.which("mount"), tmp_path / "disk"
    place.mkdir()
    command = [mount or "", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    if not mount or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("this test mounts a small disk, which this user may not")
    try:
        answer(project, *people(project))
        shutil.copytree(project.folder, place / "open")  # as a killed server leaves it
        with Project.open(project.folder):
            pass
        make_project(place / "closed", 3).close()
        subprocess.run([mount, "-o", "remount,ro", str(place)], check=True)
        with Project.open(place / "closed") as read:
            assert read.counts().items == 3
            with pytest.raises(EcomdataError, match=r"cannot be written: .*readonly"):
                read.add_annotator("Zoe")
        with pytest.raises(EcomdataError, match=r"the last answers stand in .*-wal"):
            Project.open(place / "open")
    finally:
        subprocess.run([shutil.which("umount") or "umount", str(place)], check=True)


@pytest.mark.parametrize(
    "planted",
    [
        "CREATE TRIGGER more AFTER INSERT ON events BEGIN INSERT INTO meta VALUES (new.at, ''); END",
        "CREATE VIEW item AS SELECT * FROM items",
        "CREATE TABLE notes (text)",
        "DROP TRIGGER events_UPDATE",
    ],
)
def test_a_file_that_does_more_than_a_projects_is_refused(tmp_path: Path, planted: str) -> None:
    """A project may come from a stranger, and a trigger of theirs would run with every answer."""
    make_project(tmp_path / "p").close()
    with closing(sqlite3.connect(tmp_path / "p" / PROJECT_FILE)) as connection, connection:
        connection.execute(planted)
    with pytest.raises(DataError, match="its tables, or what happens when one is written, are others"):
        Project.open(tmp_path / "p")


@pytest.mark.parametrize("value", ["[" * 100_000, "{}", "no JSON", '{"strategy": 1, "strategy": 2}', None])
@pytest.mark.parametrize("key", ["task", "settings", "seed"])
def test_a_project_that_does_not_say_what_it_is_is_refused(
    tmp_path: Path, key: str, value: str | None
) -> None:
    """Its task, settings and seed are read as everything that came from elsewhere."""
    make_project(tmp_path / "p").close()
    with closing(sqlite3.connect(tmp_path / "p" / PROJECT_FILE)) as connection, connection:
        (trigger,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'meta_UPDATE'").fetchone()
        connection.execute("DROP TRIGGER meta_UPDATE")
        new = (key, value) if value else (f"no {key}", "")
        connection.execute("UPDATE meta SET key = ?, value = ? WHERE key = ?", (*new, key))
        connection.execute(trigger)
    if (key, value) == ("settings", "{}"):
        Project.open(tmp_path / "p").close()  # every setting has a default
        return
    with pytest.raises((DataError, UsageError), match=PROJECT_FILE):
        Project.open(tmp_path / "p")


@pytest.mark.parametrize(
    "value", ['{"text": ' + "[" * 100_000, '{"text": ' + "[" * 150 + "]" * 150 + "}", "no JSON"]
)
def test_an_item_that_is_no_json_is_said_so(tmp_path: Path, value: str) -> None:
    """What a stranger's project shows is read as everything that came from elsewhere."""
    make_project(tmp_path / "p", 1).close()
    with closing(sqlite3.connect(tmp_path / "p" / PROJECT_FILE)) as connection, connection:
        (trigger,) = connection.execute(
            "SELECT sql FROM sqlite_schema WHERE name = 'items_UPDATE'"
        ).fetchone()
        connection.execute("DROP TRIGGER items_UPDATE")
        connection.execute("UPDATE items SET content = ?", (value,))
        connection.execute(trigger)
    with Project.open(tmp_path / "p") as project:
        (person,) = people(project)
        with pytest.raises(DataError, match="the project holds JSON that cannot be read") as met:
            project.next_item(person)
        with pytest.raises(DataError, match="the project holds JSON"):
            list(project.contents())
    assert "changed" in met.value.hint

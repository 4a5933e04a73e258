"""Whether a dataset is what its manifest says, in the store or on the Hub."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Any, Final, Literal, cast

from ecomdata.errors import DataError, EcomdataError, UsageError
from ecomdata.foreign import require_sound_footer
from ecomdata.manifest import Manifest, TableRecord, WrittenFile
from ecomdata.plainjson import LARGEST
from ecomdata.progress import Reporter, Silent
from ecomdata.published import PUBLISHED, Published, PublishedTable, is_part
from ecomdata.release import open_release
from ecomdata.shards import sha256_file
from ecomdata.sources.hub_calls import NETWORK, SPOKEN, Address, explained, refuse_page, token_only_to
from ecomdata.sources.hub_calls import endpoint as default_endpoint
from ecomdata.sources.hub_client import ask
from ecomdata.tables import sha256_json

if TYPE_CHECKING:
    import os

    import huggingface_hub

_CHUNK: Final = 1 << 20
_ON_THE_HUB: Final = "hf://"

What = Literal["manifest", "missing", "unexpected", "size", "sha256", "rows", "schema"]


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as the manifest says: where, what, and both values."""

    path: str
    what: What
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What :func:`verify` found.

    Attributes:
        dataset: The dataset's name.
        release: The release's id.
        place: The release's folder, or the address on the Hub with its commit.
        files: Files compared.
        size: Bytes of them.
        rows: Rows that their footers have.
        hashed: Whether the bytes themselves were hashed; else the Hub's listing was believed.
        differences: What is not as it should be.
    """

    dataset: str
    release: str
    place: str
    files: int
    size: int
    rows: int
    hashed: bool
    differences: tuple[Difference, ...]

    def as_dict(self) -> dict[str, object]:
        """JSON-ready values."""
        return {**asdict(self), "ok": not self.differences}


def verify(
    name: str,
    *,
    home: str | os.PathLike[str] | None = None,
    endpoint: str | None = None,
    full: bool = False,
    reporter: Reporter | None = None,
) -> Verification:
    """Compare a dataset with its manifest: hashes, sizes, row counts, schemas, and the manifest with itself.

    In the store every byte is hashed. On the Hub the SHA-256 that it lists is compared with the published
    ``ecomdata.json``, and rows and schemas are read from the Parquet footers alone, by Range requests.

    Args:
        name: A loaded dataset, or ``hf://datasets/OWNER/NAME[@REVISION]``.
        home: Where the store is.
        endpoint: The Hub's address; default: ``HF_ENDPOINT``, else the public one.
        full: Download the files on the Hub and hash them too.
        reporter: Hears of progress.

    Raises:
        UsageError: the dataset is not loaded, or there is no such repository or revision.
        DataError: there is no readable manifest.
        AccessError: the repository needs a token.
        EcomdataError: the Hub cannot be reached.
    """
    reporter = reporter or Silent()
    refuse_page(name)
    if name.startswith(_ON_THE_HUB):
        address = Address.parse(name)
        if address.folder:
            raise UsageError(
                f"{name} is a folder", hint="a repository is verified whole: leave the folder away"
            )
        return _verify_there(address, (endpoint or default_endpoint()).rstrip("/"), reporter, full=full)
    return _verify_here(name, home, reporter)


def _verify_here(name: str, home: str | os.PathLike[str] | None, reporter: Reporter) -> Verification:
    release = open_release(name, home=home)
    manifest, folder = release.manifest, release.folder
    found = [*_identity(manifest, dataset=name, release=folder.name)]
    quarantined = [file for record in manifest.tables.values() for file in record.quarantine]
    files = [*(file for _, file in _by_table(manifest.tables)), *quarantined]
    size = sum(file.size for file in files)
    there = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in folder.rglob("*.parquet")
        if path.is_file()
    }
    found += _listing(files, there, {*manifest.tables, "quarantine"})
    reporter.start("hashing", size)
    for file in files:
        if file.path in there:
            found += _compare(file.path, "sha256", file.sha256, sha256_file(folder / file.path))
            reporter.advance(size=file.size)
    reporter.finish()
    rows = 0
    for table, file in _by_table(manifest.tables):
        if file.path in there:
            with (folder / file.path).open("rb") as stream:
                count, differences = _footer(stream, table, file)
            rows += count
            found += differences
    return Verification(
        dataset=name,
        release=manifest.release,
        place=str(folder),
        files=len(files),
        size=size,
        rows=rows,
        hashed=True,
        differences=tuple(found),
    )


def _verify_there(address: Address, server: str, reporter: Reporter, *, full: bool) -> Verification:
    commit, entries = ask(address, server)
    pinned = Address(address.repo, commit, "")
    files = _Files(pinned, server)
    there = {entry.path: entry for entry in entries}
    if PUBLISHED not in there or there[PUBLISHED].size > LARGEST:
        raise DataError(
            f"{pinned} has no {PUBLISHED}", hint="only what ecomdata publish has written can be verified"
        )
    published = Published.parse(files.read(PUBLISHED), f"{PUBLISHED} of {pinned}")
    sizes = {entry.path: entry.size for entry in entries}
    found = [*_identity(published), *_listing(published.files, sizes, set(published.tables))]
    rows, size = 0, sum(file.size for file in published.files)
    reporter.start("verifying", size if full else 0)
    for table, file in _by_table(published.tables):
        entry = there.get(file.path)
        if entry is None:
            continue
        # Small files may be listed with git's hash only.
        listed = "" if full else entry.sha256
        found += _compare(file.path, "sha256", file.sha256, listed or files.sha256(file.path))
        with files.open(file.path) as stream:
            count, differences = _footer(stream, table, file)
        rows += count
        found += differences
        reporter.advance(size=file.size if full else 0, rows=count)
    reporter.finish()
    return Verification(
        dataset=published.dataset,
        release=published.release,
        place=str(pinned),
        files=len(published.files),
        size=size,
        rows=rows,
        hashed=full,
        differences=tuple(found),
    )


def _by_table(
    tables: Mapping[str, TableRecord] | Mapping[str, PublishedTable],
) -> Iterator[tuple[TableRecord | PublishedTable, WrittenFile]]:
    return ((table, file) for table in tables.values() for file in table.files)


def _identity(
    manifest: Manifest | Published, *, dataset: str = "", release: str = ""
) -> Iterator[Difference]:
    """Whether the manifest is whose it should be, and agrees with itself."""
    if dataset:
        yield from _compare(
            "manifest.json", "manifest", f"{dataset} {release}", f"{manifest.dataset} {manifest.release}"
        )
    for name, table in manifest.tables.items():
        yield from _compare(
            f"schema of {name}", "manifest", sha256_json(dict(table.columns)), table.schema_sha256
        )
        accounted = table.written + table.rejected + sum(table.dropped.values())
        yield from _compare(f"rows of {name}", "manifest", f"{table.read} read", f"{accounted} read")
        if table.files:
            total = sum(file.rows for file in table.files)
            yield from _compare(f"files of {name}", "manifest", f"{table.written} rows", f"{total} rows")


def _listing(
    files: Sequence[WrittenFile], there: Mapping[str, int], folders: set[str]
) -> Iterator[Difference]:
    """Whether exactly these files are there, with these sizes; ``there`` is path -> bytes."""
    for file in files:
        if file.path not in there:
            yield Difference(file.path, "missing", f"{file.size} bytes", "no file")
        else:
            yield from _compare(file.path, "size", f"{file.size} bytes", f"{there[file.path]} bytes")
    known = {file.path for file in files}
    for path in sorted(there):
        if path not in known and is_part(path, folders):
            yield Difference(path, "unexpected", "no file", f"{there[path]} bytes")


def _compare(path: str, what: What, expected: str, found: str) -> Iterator[Difference]:
    if expected != found:
        yield Difference(path, what, expected, found)


def _footer(
    stream: IO[bytes], table: TableRecord | PublishedTable, file: WrittenFile
) -> tuple[int, list[Difference]]:
    """The rows that a Parquet file says it has, and what differs in its footer."""
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with require_sound_footer(stream, file.path) as footer:
            parquet = pq.ParquetFile(footer)
            rows = int(parquet.metadata.num_rows)
            schema = pl.Schema(parquet.schema_arrow)
    except (DataError, pa.ArrowException, pl.exceptions.PolarsError, ValueError) as error:
        return 0, [Difference(file.path, "schema", "a Parquet file", str(error).splitlines()[0])]
    types = {name: str(dtype) for name, dtype in schema.items()}
    return rows, [
        *_compare(file.path, "rows", str(file.rows), str(rows)),
        *_schema(file.path, table.columns, types),
    ]


def _schema(path: str, expected: Mapping[str, str], found: Mapping[str, str]) -> Iterator[Difference]:
    for name in sorted({*expected, *found}):
        one, other = expected.get(name, "no column"), found.get(name, "no column")
        yield from _compare(path, "schema", f"{name}: {one}", f"{name}: {other}")


class _Files:
    """The files of one commit on the Hub, read in parts through fsspec."""

    def __init__(self, address: Address, server: str) -> None:
        import huggingface_hub

        self._address = address
        self._server = server
        self._system: huggingface_hub.HfFileSystem = huggingface_hub.HfFileSystem(
            endpoint=server, skip_instance_cache=True
        )

    @contextmanager
    def open(self, path: str, **options: Any) -> Generator[IO[bytes]]:
        address = f"datasets/{self._address.repo}@{self._address.revision}/{path}"
        try:
            with (
                token_only_to(self._server),
                self._system.open(address, "rb", **options) as stream,
            ):
                yield cast("IO[bytes]", stream)
        except (*SPOKEN, *NETWORK, OSError) as error:
            raise explained(error, self._address, self._server) from error
        except (ValueError, KeyError) as error:
            raise EcomdataError(
                f"{self._server} does not answer as the Hub does: {error}", hint="check --endpoint"
            ) from error

    def read(self, path: str) -> bytes:
        with self.open(path) as stream:
            return stream.read()

    def sha256(self, path: str) -> str:
        digest = hashlib.sha256()
        with self.open(path, block_size=0) as stream:  # one request, read as it comes
            while piece := stream.read(_CHUNK):
                digest.update(piece)
        return digest.hexdigest()

"""What ``publish.py`` starts: the Hub on this machine, and each contender.

Those that send print how many seconds the call itself took, once everything was imported.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for the tests' Hub


def serve(address_file: str) -> None:
    """Serve the tests' Hub until stdin ends; its address goes into a file."""
    from tests.hub.server import Hub

    with Hub() as hub:
        Path(address_file).write_text(hub.url, encoding="utf-8")
        sys.stdin.read()


def publish(repo: str, home: str, dataset: str) -> None:
    """What ecomdata does: plan, upload, commit, read back, tag."""
    import ecomdata as ed

    ed.loader(dataset)
    publishing = ed.publish  # imported now
    started = time.perf_counter()
    publishing(dataset, repo, home=home, hold_rights=True)
    print(time.perf_counter() - started)


def upload(repo: str, folder: str) -> None:
    """What huggingface_hub does by itself."""
    import huggingface_hub

    api = huggingface_hub.HfApi()
    started = time.perf_counter()
    api.create_repo(repo, repo_type="dataset", private=True, exist_ok=True)
    api.upload_folder(repo_id=repo, repo_type="dataset", folder_path=folder, allow_patterns="*.parquet")
    print(time.perf_counter() - started)


def rewrite(folder: str, out: str) -> None:
    """The same Parquet with content-defined chunks and a page index, as the Hub likes it."""
    import pyarrow.parquet as pq

    options = {"compression": "zstd", "use_content_defined_chunking": True, "write_page_index": True}
    parquet: Any = pq  # its stubs do not know all options
    for path in sorted(Path(folder).rglob("*.parquet")):
        file = parquet.ParquetFile(path)
        with parquet.ParquetWriter(Path(out) / path.name, file.schema_arrow, **options) as sink:
            for group in range(file.metadata.num_row_groups):
                table = file.read_row_group(group)
                sink.write_table(table, row_group_size=table.num_rows)


if __name__ == "__main__":
    task, *rest = sys.argv[1:]
    if task == "serve":
        serve(*rest)
    elif task == "publish":
        publish(*rest)
    elif task == "upload":
        upload(*rest)
    else:
        rewrite(*rest)

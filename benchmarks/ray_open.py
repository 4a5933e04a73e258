"""How long a load takes an engine that has started: ``ray_open.py ENGINE RAW BEFORE HOME WORKERS``.

Loads ``BEFORE`` first, of a few blocks, so that each worker has imported what it needs, then ``RAW``, both
taobao/user-behavior, and prints the seconds of the second load alone.
"""

from __future__ import annotations

import shutil
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import cast

import ecomdata as ed
from ecomdata.engines import EngineName


def main(engine: EngineName, raw: str, before: str, home: str, workers: str) -> None:
    """Load twice."""
    started: AbstractContextManager[object] = nullcontext()
    if engine == "ray":
        from ecomdata.rayengine import connected

        started = connected(None, jobs=int(workers), memory="400MB")
    with started:
        ed.load("taobao/user-behavior", source=before, home=home, engine=engine)
        shutil.rmtree(Path(home, "store"))
        at = time.perf_counter()
        ed.load("taobao/user-behavior", source=raw, home=home, engine=engine)
        print(time.perf_counter() - at)


if __name__ == "__main__":
    main(cast("EngineName", sys.argv[1]), *sys.argv[2:])

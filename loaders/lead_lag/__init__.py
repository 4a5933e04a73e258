"""Lead-lag series: what happens early to a unit (the lead), and what becomes of it later (the lag).

Upstream: https://lead-lag-forecasting.github.io and arXiv 2511.03877, and sources from which such series can
be counted: GH Archive and MerRec.
"""

from __future__ import annotations

from typing import Final

from .arxiv import ARXIV
from .gharchive import GHARCHIVE
from .github import GITHUB
from .merrec import MERREC

DATASETS: Final = (ARXIV, GHARCHIVE, GITHUB, MERREC)

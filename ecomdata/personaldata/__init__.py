"""Personal data, tokens and keys in texts: found, counted and masked before anything leaves the machine."""

from __future__ import annotations

from ecomdata.personaldata.findings import Finding, Findings, Scanned
from ecomdata.personaldata.keeping import findings_of, fingerprint, personal_data
from ecomdata.personaldata.looking import KINDS, Kind, Look
from ecomdata.personaldata.masking import Masker, Masks
from ecomdata.personaldata.scanning import regions_of, scan

__all__ = [
    "KINDS",
    "Finding",
    "Findings",
    "Kind",
    "Look",
    "Masker",
    "Masks",
    "Scanned",
    "findings_of",
    "fingerprint",
    "personal_data",
    "regions_of",
    "scan",
]

"""Readers: each knows one file format and its hazards, and nothing of datasets.

A reader cuts a file into blocks, in order and cheaply; parsing a block is independent of every
other block, so blocks are parsed side by side and memory stays bounded by a few of them.
"""

from ecomdata.readers.base import REJECTED, Batch, Block, Reader
from ecomdata.readers.delimited import Delimited
from ecomdata.readers.jsonarray import JsonArray
from ecomdata.readers.jsonl import JsonLines
from ecomdata.readers.jsonpaths import JsonPaths
from ecomdata.readers.npz import Npz
from ecomdata.readers.parquet import Parquet
from ecomdata.readers.splitonce import SplitOnce
from ecomdata.readers.zipindex import ZipIndex

__all__ = [
    "REJECTED",
    "Batch",
    "Block",
    "Delimited",
    "JsonArray",
    "JsonLines",
    "JsonPaths",
    "Npz",
    "Parquet",
    "Reader",
    "SplitOnce",
    "ZipIndex",
]

"""Arithmetic over many dense vectors, on the processor and on CUDA; it knows no dataset and no store.

One code for both: arrays go through the array API (NumPy here, torch there), in blocks that memory bounds.
"""

from ecomdata.vectors.blocks import ArrayVectors, ChosenVectors, ParquetVectors, Vectors
from ecomdata.vectors.clustering import Clustering, kmeans
from ecomdata.vectors.computing import Computer, computer
from ecomdata.vectors.joining import NearPairs, near_pairs
from ecomdata.vectors.moments import Moments, moments
from ecomdata.vectors.neighbours import Neighbours, nearest

__all__ = [
    "ArrayVectors",
    "ChosenVectors",
    "Clustering",
    "Computer",
    "Moments",
    "NearPairs",
    "Neighbours",
    "ParquetVectors",
    "Vectors",
    "computer",
    "kmeans",
    "moments",
    "near_pairs",
    "nearest",
]

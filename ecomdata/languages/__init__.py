"""Which language texts are in, Bengali in Latin letters included, and what they are written with."""

from ecomdata.languages.describing import ColumnLanguages, Share, describe_languages
from ecomdata.languages.detecting import detect_languages
from ecomdata.languages.training import Training, train_languages

__all__ = [
    "ColumnLanguages",
    "Share",
    "Training",
    "describe_languages",
    "detect_languages",
    "train_languages",
]

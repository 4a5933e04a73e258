"""What the tests of this folder may use."""

from tests.vectorstats.gallery import gallery

__all__ = ["gallery"]

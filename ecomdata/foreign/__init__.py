"""Parquet files of strangers: looked through in a process of its own before anything here opens them."""

from ecomdata.foreign.asking import get_ready, require_sound, require_sound_footer

__all__ = ["get_ready", "require_sound", "require_sound_footer"]

"""The page on which people label: one process, rendered here, on loopback by default."""

from ecomdata.annotating.serving.running import Address, serve_project

__all__ = ["Address", "serve_project"]

"""Declarations of where a dataset comes from, and under which terms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from ecomdata.declare.checking import DeclarationError, frozen_map, require, require_many, require_text

_URL: Final = re.compile(r"https?://\S+|hf://datasets/[\w.-]+/[\w.-]+@[\w.-]+(/\S*)?")


PASSING_ON: Final = {True: "may be passed on", False: "may not be passed on", None: "passing on: unknown"}
""":attr:`Licence.redistribution` in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """The terms of a dataset.

    Attributes:
        id: An SPDX id such as ``CC-BY-NC-4.0``, or ``other`` for terms that have none.
        name: What the terms are called, required for ``other``.
        url: Where they can be read.
        redistribution: Whether the data may be passed on: True, False, or None when that is unknown.
        note: The clause that says so, and where it stands.
    """

    id: str
    url: str
    redistribution: bool | None
    name: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        require_text("licence", self)
        require(self.url.startswith("https://"), f"licence url must be https, not {self.url!r}")
        if self.id == "other":
            require(self.name, "licence id 'other' needs a name")
            return
        try:
            canonical = canonicalize_license_expression(self.id)
        except InvalidLicenseExpression as error:
            raise DeclarationError(
                f"licence id {self.id!r} is not an SPDX id; use 'other' with a name"
            ) from error
        require(canonical == self.id, f"licence id {self.id!r} is spelt {canonical!r} in SPDX")

    @property
    def title(self) -> str:
        """The SPDX id, or the name of terms without one."""
        return self.name if self.id == "other" else self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where raw files come from when the user has none.

    Attributes:
        url: ``hf://datasets/OWNER/NAME@REVISION[/FOLDER]``, ``https://...``, or empty where
            nothing can be downloaded.
        files: Globs on the paths below the url (Hub) that belong to the dataset.
        sha256: Known hashes, by file name.
        size: Bytes of the whole download when known, else 0.
        instructions: How to get the files by hand: where, what to accept, which names to expect.
    """

    url: str = ""
    files: tuple[str, ...] = ("**",)
    sha256: Mapping[str, str] = field(default_factory=dict[str, str])
    size: int = 0
    instructions: str = ""

    def __post_init__(self) -> None:
        require_many("source", self)
        require_text("source", self)
        require(self.url or self.instructions, "a source needs a url or instructions")
        require(
            not self.url or _URL.fullmatch(self.url),
            f"source url {self.url!r} is neither https://... nor hf://datasets/OWNER/NAME@REVISION",
        )
        require(self.size >= 0, "source size is negative")
        for name, digest in self.sha256.items():
            require(re.fullmatch(r"[0-9a-f]{64}", digest), f"sha256 of {name!r} is not 64 hex digits")
        object.__setattr__(self, "sha256", frozen_map(self.sha256))

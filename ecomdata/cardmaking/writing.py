"""A card in a folder: made of what is loaded, and checked as the Hub's clients would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ecomdata.cardmaking.checking import check_readme
from ecomdata.cardmaking.croissant import CROISSANT
from ecomdata.cardmaking.hubyaml import card_title
from ecomdata.cardmaking.making import CARD, DEFAULT_MEMORY, Facts, make_card, pictures_of, require_whole
from ecomdata.cardmaking.notes import kept_notes
from ecomdata.cardmaking.page import card_page
from ecomdata.cardmaking.people import recorded
from ecomdata.durable import write_durably
from ecomdata.errors import DataError, UsageError
from ecomdata.pathnames import expanded
from ecomdata.personaldata import findings_of
from ecomdata.progress import Reporter, Silent
from ecomdata.published import PUBLISHED, Published
from ecomdata.registry import loader
from ecomdata.release import Release, open_release
from ecomdata.store import writing

if TYPE_CHECKING:
    import os

PAGE: Final = "card.html"
_LARGEST: Final = 16 << 20
"""Bytes of a README that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFiles:
    """A card that was written.

    Attributes:
        dataset: What it presents.
        folder: Where it is.
        files: Its files, below the folder.
        problems: What the Hub's clients would find wrong; empty where it was not checked.
    """

    dataset: str
    folder: Path
    files: tuple[str, ...]
    problems: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """JSON-ready values."""
        return {
            "dataset": self.dataset,
            "folder": str(self.folder),
            "files": list(self.files),
            "problems": list(self.problems),
        }


def card(
    name: str,
    out: str | os.PathLike[str] | None = None,
    *,
    html: bool = False,
    check: bool = False,
    memory: str = DEFAULT_MEMORY,
    home: str | os.PathLike[str] | None = None,
    reporter: Reporter | None = None,
) -> CardFiles:
    """Write the card of what is loaded: README.md, croissant.json, pictures, and ecomdata.json.

    What stands between the markers of a README.md that is there already is kept.

    Args:
        name: A loaded dataset.
        out: The folder; default: the dataset's name with ``-card`` behind it, here.
        html: Whether to write the card as one self-contained page, ``card.html``, too.
        check: Whether to read README.md as the Hub's clients do and croissant.json as NeurIPS does, with the
            data of the store, and return what they find wrong.
        memory: What measuring may hold before it spills to disk, such as ``1GB``.
        home: Where the store is; default: ``$ECOMDATA_HOME``, else the user's data folder.
        reporter: Hears of progress.

    Raises:
        UsageError: the dataset is not loaded, or the folder holds a README.md that ecomdata did not make.
        DataError: the store is damaged, or the markers in the README.md are.
        EcomdataError: what is written of the dataset is not of the form, the disk is full, or ``check`` takes
            mlcroissant, which is not installed.
    """
    dataset = loader(name)
    release = open_release(name, home=home)
    folder = expanded(Path(out)) if out is not None else default_folder(name)
    require_whole(release)
    notes = kept_notes(_there(folder), str(folder / CARD))
    reporter = reporter or Silent()
    findings = findings_of(release, dataset, home=release.home, reporter=reporter)
    published = Published.here(release.manifest, dataset.licence, recorded(findings))
    facts = Facts(published=published, notes=notes, memory=memory, reporter=reporter)
    found = {**make_card(release, dataset, facts), PUBLISHED: published.as_bytes()}
    if html:
        pictures = pictures_of(release, dataset, memory=memory, reporter=reporter)
        page = card_page(found[CARD].decode(), pictures, title=card_title(dataset, published))
        found[PAGE] = page.encode()
    _write(folder, found)
    problems = _problems(folder, release) if check else ()
    return CardFiles(dataset=name, folder=folder, files=tuple(sorted(found)), problems=problems)


def _problems(folder: Path, release: Release) -> tuple[str, ...]:
    """What the Hub's clients and NeurIPS' checks find wrong with what was written."""
    from ecomdata.cardmaking.croissantcheck import check_croissant

    readme = (folder / CARD).read_text("utf-8")
    return (*check_readme(readme), *check_croissant(folder / CROISSANT, folder=release.folder))


def default_folder(name: str) -> Path:
    """Where a card goes when nothing else is said."""
    return Path(f"{name.replace('/', '-')}-card")


def _there(folder: Path) -> str:
    """The README.md in a folder, or nothing."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", hint="give a folder with -o")
    path = folder / CARD
    if not path.exists():
        return ""
    if not path.is_file() or path.stat().st_size > _LARGEST:
        raise UsageError(f"{path} is no card", hint="give another folder with -o")
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not UTF-8: {error}", hint="mend it, or give another folder with -o"
        ) from error


def _write(folder: Path, found: Mapping[str, bytes]) -> None:
    """Write the files, each whole or not at all."""
    with writing(folder):
        for path, content in found.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            write_durably(target, content)

"""Finding datasets: by stem in ``loaders/``, by entry point, and in the user's own folders."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Final, NamedTuple, cast

from ecomdata.declare import Dataset, Sampler
from ecomdata.errors import LOADER_FAULT, EcomdataError, UsageError

ENTRY_POINTS: Final = "ecomdata.loaders"
_OURS: Final = "ecomdata.loaders."
"""How the names of the modules begin that come with ecomdata."""
USER_LOADERS: Final = "ecomdata_user_loaders_"
"""How modules from a user's own folders are called. Without a dot: pickle would look for a package."""
_folders: list[Path] = []
_cache: dict[tuple[Path, ...], dict[str, _Found]] = {}


class _Found(NamedTuple):
    """A dataset, where its loader was found in words, its file where there is one, and a hash of its code."""

    dataset: Dataset
    origin: str
    file: Path | None
    code: str


def datasets() -> dict[str, Dataset]:
    """Every dataset that can be found, by name.

    Raises:
        EcomdataError: a loader cannot be imported, declares nothing, or takes another's name.
    """
    return {name: found.dataset for name, found in _all().items()}


def _all() -> dict[str, _Found]:
    folders = _user_folders()
    if folders not in _cache:
        everything: dict[str, _Found] = {}  # by their schemas in SQL, of which no two may be one
        for origin, file, members in _discover(folders):
            code = _code(origin, file)
            for dataset in members:
                other = everything.setdefault(dataset.schema_name, _Found(dataset, origin, file, code))
                if other.dataset is dataset:
                    continue
                name = other.dataset.name
                both = (
                    f"the dataset {name}"
                    if name == dataset.name
                    else f"{name} and {dataset.name}, one in SQL"
                )
                raise EcomdataError(
                    f"two loaders declare {both}: {other.origin} and {origin}",
                    hint="rename one of them, or leave its folder out",
                )
        _cache[folders] = dict(sorted((found.dataset.name, found) for found in everything.values()))
    return _cache[folders]


def content_file(name: str, folder: str, suffix: str) -> Path | None:
    """A file that stands under a loader's stem: its figures, for example.

    For ``toy.py`` it is ``toy.toml`` beside it, or ``validation/toy.toml`` there; for a package ``toy/`` the
    same inside the package. Where the folder above is called ``loaders``, its sibling ``validation`` will do.

    Args:
        name: A dataset.
        folder: The content's folder, such as ``validation``.
        suffix: Of the file, such as ``.toml``.

    Raises:
        EcomdataError: there is more than one.
    """
    module = _found(name).file
    if module is None:
        return None
    package = module.name == "__init__.py"
    stem = module.parent.name if package else module.stem
    above = module.parent.parent if package else module.parent
    places = [module.parent, module.parent / folder]
    if above.name == "loaders":
        places.append(above.parent / folder)
    found = [path for place in places if (path := place / f"{stem}{suffix}").is_file()]
    if len(found) > 1:
        raise EcomdataError(
            f"{name} has two files where one is expected: {' and '.join(map(str, found))}",
            hint="remove one of them",
        )
    return found[0] if found else None


def code_hash(name: str) -> str:
    """The hash of a loader's code as it was imported; empty for those of ecomdata, which its version tells.

    Args:
        name: A dataset.
    """
    return _found(name).code


def siblings(name: str) -> dict[str, Dataset]:
    """The datasets that the same loader declares, by name, this one included."""
    origin = _found(name).origin
    return {other: found.dataset for other, found in _all().items() if found.origin == origin}


def loader(name: str) -> Dataset:
    """The declaration of one dataset.

    Args:
        name: Its name, such as ``merrec`` or ``taobao/forge``.

    Raises:
        UsageError: no dataset has that name; near names are offered.
    """
    return _found(name).dataset


def _found(name: str) -> _Found:
    known = _all()
    if name in known:
        return known[name]
    members = [other for other in known if other.startswith(f"{name}/")]
    if members:
        raise UsageError(f"{name} is a family, not one dataset", hint=f"its members are {', '.join(members)}")
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    near += [other for other in known if name in other.split("/") and other not in near]
    hint = f"did you mean {' or '.join(near)}?" if near else f"known datasets: {', '.join(known)}"
    raise UsageError(f"no dataset is called {name!r}", hint=hint)


def members(name: str) -> list[Dataset]:
    """One dataset, or all members of a family."""
    known = datasets()
    family = [dataset for dataset in known.values() if dataset.family == name and dataset.name != name]
    return family if family and name not in known else [loader(name)]


def sampler(dataset: Dataset) -> Sampler:
    """What writes the dataset's sample; for a derived one, that of the dataset it is made from."""
    return dataset.sample or sampler(loader(dataset.derived_from))


@contextmanager
def user_folders(folders: Iterable[Path]) -> Generator[None]:
    """Look for loaders in these folders too, as ``--loaders DIR`` does."""
    added = [_folder(folder) for folder in folders]
    before = list(_folders)
    _folders.extend(added)
    try:
        yield
    finally:
        _folders[:] = before


def _user_folders() -> tuple[Path, ...]:
    listed = filter(None, os.environ.get("ECOMDATA_LOADERS", "").split(os.pathsep))
    # A folder may be given in both ways.
    return tuple(
        dict.fromkeys([*(_folder(Path(part), "see $ECOMDATA_LOADERS") for part in listed), *_folders])
    )


def _folder(path: Path, hint: str = "") -> Path:
    folder = path.resolve()
    if not folder.is_dir():
        raise UsageError(f"no loaders folder at {folder}", hint=hint)
    return folder


def _discover(folders: Iterable[Path]) -> Iterator[tuple[str, Path | None, tuple[Dataset, ...]]]:
    """Where each loader was found, its file, and what it declares."""
    content = importlib.import_module("ecomdata.loaders")
    for module in pkgutil.iter_modules(content.__path__):
        if not module.name.startswith("_"):
            name = f"{_OURS}{module.name}"
            with _importing(f"the loader {name}"):
                imported = importlib.import_module(name)
            yield name, _file_of(imported), declared(imported, name)
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda p: p.name):
        origin = f"the entry point {point.name} = {point.value}"
        with _importing(origin, f"{LOADER_FAULT}; repair that package, or uninstall it"):
            target: object = point.load()
        yield origin, _file_of(sys.modules.get(point.module)), declared(target, origin)
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if path.suffix == ".py" and not path.name.startswith("_"):
                yield str(path), path, declared(_from_file(path), str(path))


def _code(origin: str, file: Path | None) -> str:
    if origin.startswith(_OURS) or file is None or not file.is_file():
        return ""
    # One in a folder imports none of its neighbours; one in a package may.
    package = origin != str(file) and (file.parent / "__init__.py").is_file()
    files = sorted(file.parent.rglob("*.py")) if package else [file]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def _file_of(module: ModuleType | None) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file) if file else None


@contextmanager
def _importing(what: str, hint: str = LOADER_FAULT) -> Generator[None]:
    try:
        yield
    except Exception as error:
        raise EcomdataError(
            f"{what} cannot be imported: {type(error).__name__}: {error}", hint=hint
        ) from error


def _from_file(path: Path) -> ModuleType:
    name = f"{USER_LOADERS}{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise EcomdataError(f"{path} cannot be imported as Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    with _importing(f"the loader {path}"):
        spec.loader.exec_module(module)
    return module


def declared(target: object, origin: str) -> tuple[Dataset, ...]:
    """What a loader declares: a Dataset, several, or a module with ``DATASETS``."""
    value: object = getattr(target, "DATASETS", None) if isinstance(target, ModuleType) else target
    if isinstance(value, Dataset):
        return (value,)
    if isinstance(value, (tuple, list)):
        items = tuple(cast("Iterable[object]", value))
        found = tuple(item for item in items if isinstance(item, Dataset))
        if found and len(found) == len(items):
            return found
    raise EcomdataError(
        f"{origin} declares no dataset",
        hint="a loader module has DATASETS = (Dataset(...),); see docs/add-a-dataset.md",
    )

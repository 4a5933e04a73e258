"""The columns of Microsoft's recommenders, as its recommenders/utils/constants.py calls them."""

from __future__ import annotations

from ecomdata.exporting.interactions import Interactions
from ecomdata.exporting.parts import Part

COLUMNS = ("userID", "itemID", "rating", "timestamp")


def recommenders_part(found: Interactions, file: str, *, guard: bool = True) -> Part:
    """The one file, CSV or Parquet by its name.

    ``rating`` is the table's own, else that of the event, else 1 for every event; ``timestamp`` is Unix
    seconds, null where the table has no time. Ids keep their type. With ``guard``, CSV gets an apostrophe
    before an id that a spreadsheet would run.
    """
    query = (
        f"SELECT user_id AS userID, {found.item} AS itemID, {found.rating or '1.0::DOUBLE'} AS rating, "  # noqa: S608
        f"{found.seconds or 'NULL::DOUBLE'} AS timestamp FROM ({found.relation}) WHERE {found.wanted}"
    )
    notes = found.notes
    if found.rating and not found.ratings:
        notes["rows without a rating, written as null"] = found.count(f"{found.wanted} AND rating IS NULL")
    guard = guard and file.endswith(".csv")
    if guard:
        notes |= found.formulas
    return Part(
        file=file,
        query=query,
        columns=COLUMNS,
        sources=(found.table.name,),
        head=",".join(COLUMNS),
        separator=",",
        guard=guard,
        rows=found.table.record.written,
        size=sum(file.size for file in found.table.record.files),
        fatal={} if file.endswith(".parquet") else found.fatal,
        notes=notes,
    )

"""The figures of semantic ids on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecomdata.console import escaped, new_console, new_table

if TYPE_CHECKING:
    from ecomdata.semanticids.hitrate import EmbeddingHitRate
    from ecomdata.semanticids.measuring import CodebookStats, SemanticIdStats
    from ecomdata.semanticids.ranking import HitRates

_SIZES: Final = 12
"""Lines of the distribution that are shown; all stand in the JSON."""


def print_semantic_ids(found: SemanticIdStats) -> None:
    """Each codebook: its levels, how many ids have how many items, and what does not count."""
    for stats in found.codebooks:
        _print_codebook(found, stats)
    if found.hit_rates:
        _print_hit_rates(found.hit_rates)
    if found.embedding_hit_rate:
        _print_embedding_hit_rate(found.embedding_hit_rate)


def _print_hit_rates(found: HitRates) -> None:
    table = new_table("K", "HR@K", right=("K", "HR@K"))
    for cut, rate in found.rates.items():
        table.add_row(f"{cut:,}", f"{rate:.4f}")
    console = new_console()
    console.print(table)
    without = f", {found.unanswered:,} without an answer left out" if found.unanswered else ""
    console.print(
        escaped(f"{found.path}: {found.rows:,} rows{without}, codebook {found.codebook}"), soft_wrap=True
    )
    lost = f"{found.malformed:,} are no ids, {found.unknown:,} are of no item"
    console.print(escaped(f"{found.generated:,} generated ids, of which {lost}"), soft_wrap=True)


def _print_codebook(found: SemanticIdStats, stats: CodebookStats) -> None:
    console = new_console()
    console.print(
        f"[bold]{escaped(found.dataset)}[/]: codebook {escaped(stats.codebook)}, release {found.release}",
        soft_wrap=True,
    )
    numbers = ("used", "of", "share", "perplexity", "gini")
    table = new_table("level", *numbers, right=numbers)
    for level in stats.levels:
        size = f"{level.size:,}" if level.size else ""
        values = (share_text(level.share), number_text(level.perplexity), number_text(level.gini, 4))
        table.add_row(str(level.level), f"{level.used:,}", size, *values)
    whole = (number_text(stats.perplexity), number_text(stats.gini, 4))
    table.add_row("whole ids", f"{stats.used:,}", "", "", *whole)
    console.print(table)
    _print_sizes(stats)
    for line in _lines(stats):
        console.print(escaped(line), soft_wrap=True)
    console.print()


def _print_sizes(stats: CodebookStats) -> None:
    numbers = ("items of an id", "ids", "share of ids")
    table = new_table(*numbers, right=numbers)
    sizes = list(stats.collisions.distribution.items())
    for size, ids in sizes[:_SIZES]:
        table.add_row(f"{size:,}", f"{ids:,}", share_text(ids / stats.used))
    if rest := sum(ids for _, ids in sizes[_SIZES:]):
        table.add_row(f"more, up to {stats.collisions.most:,}", f"{rest:,}", share_text(rest / stats.used))
    new_console().print(table)


def _print_embedding_hit_rate(found: EmbeddingHitRate) -> None:
    of = f"{found.hits:,} of {found.counted:,} sessions have a target among the 30 nearest of an item"
    where = f"{found.items:,} in {found.gallery}"
    lines = [f"embedding hit rate {number_text(found.rate)}: {of}, of {where}"]
    if found.target_missing:
        rate = number_text(found.rate_in_gallery)
        lines.append(f"{found.target_missing:,} targets are not there; without those sessions {rate}")
    left_out = found.positive - found.counted
    if found.unknown or left_out:
        lines.append(f"{found.unknown:,} items are not there; {left_out:,} sessions have no other")
    lines.append(f"{found.queries}: {found.sessions:,} sessions, {found.positive:,} with label 1")
    for line in lines:
        new_console().print(escaped(line), soft_wrap=True)


def _lines(stats: CodebookStats) -> list[str]:
    shared = stats.collisions
    mean, alone = number_text(shared.mean), share_text(shared.alone)
    above, of_items = share_text(shared.share_above), share_text(shared.items_above)
    lines = [f"{stats.items:,} items have {stats.used:,} ids, {mean} each on average; {alone} are alone"]
    if shared.ids_above:
        lines.append(f"ids with more than {shared.cap} items: {shared.ids_above:,} ({above}),")
        lines.append(f"with {of_items} of the items; {shared.to_move:,} items are too many")
    else:
        lines.append(f"no id has more than {shared.cap} items")
    if stats.missing or stats.incomplete:
        lines.append(
            f"not counted: {stats.missing:,} rows without any code, {stats.incomplete:,} with only some"
        )
    if stats.repeated:
        lines.append(f"{stats.repeated:,} rows tell of an item again, and count once")
    if stats.of_several_ids:
        lines.append(f"{stats.of_several_ids:,} items have several ids")
    return lines


def share_text(share: float | None) -> str:
    """A share in percent; nothing where there is none."""
    return "" if share is None else f"{share:.2%}"


def number_text(number: float | None, digits: int = 2) -> str:
    """A number; nothing where there is none."""
    return "" if number is None else f"{number:,.{digits}f}"

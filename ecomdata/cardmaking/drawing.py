"""Drawing: lines, bars and bands as PNG, the same bytes for the same numbers. Knows nothing of datasets."""

from __future__ import annotations

import io
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal

from ecomdata.cardmaking.lettering import families, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#aa4499", "#e69f00", "#56b4e9", "#5b6470", "#882255")
"""Hues that stay apart for the colour-blind: Okabe and Ito's, with two of Tol's."""

WIDTH: Final = 1400
"""Pixels; shown at half of that, so that a sharp screen has something to show."""

_INK: Final = "#1c2024"
_SOFT: Final = "#5b6470"
_PALE: Final = "#a9b4bf"
_FAINT: Final = "#d3dae1"
_GRID: Final = "#e3e7eb"
_DPI: Final = 200
_STYLE: Final[dict[str, Any]] = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#aeb6bf",
    "axes.grid": True,
    "axes.labelcolor": _SOFT,
    "axes.labelsize": 8.5,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.unicode_minus": True,
    "date.epoch": "1970-01-01T00:00:00",
    "font.size": 8.5,
    "grid.color": _GRID,
    "grid.linewidth": 0.6,
    "legend.borderpad": 0,
    "legend.columnspacing": 1.4,
    "legend.frameon": False,
    "legend.handlelength": 1.1,
    "legend.handletextpad": 0.5,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "text.color": _INK,
    "text.parse_math": False,
    "timezone": "UTC",
    "xtick.color": "#aeb6bf",
    "xtick.labelcolor": _SOFT,
    "xtick.labelsize": 8,
    "ytick.alignment": "center",
    "ytick.color": "#aeb6bf",
    "ytick.labelcolor": _SOFT,
    "ytick.labelsize": 8,
}

_MOST_MARKS: Final = 60
_FEW_DECADES: Final = 300

Scale = Literal["linear", "log", "symlog", "date"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What stands around a drawing: a title, a line of explanation, and the source below."""

    title: str
    note: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line: its name in the legend, and its points. Dates are days since 1970."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """How a value is spread at each place: five quantiles, each as long as ``x``."""

    name: str
    x: Sequence[float]
    quantiles: tuple[Sequence[float], Sequence[float], Sequence[float], Sequence[float], Sequence[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What an axis measures, with its unit, and how: shares in percent, dates as ``dates`` says.

    Ticks of a linear axis are at whole numbers, unless ``whole`` is off.
    """

    title: str
    scale: Scale = "linear"
    share: bool = False
    whole: bool = True
    dates: str = "%Y-%m-%d"


def lines(head: Head, drawn: Sequence[Line], x: Axis, y: Axis) -> bytes:
    """A line for each series, with a legend where there are several."""
    with _canvas(head, height=3.7, legend=len(drawn) > 1) as (figure, axes):
        for line, colour in zip(drawn, _colours(len(drawn)), strict=True):
            marker = "o" if len(line.x) <= _MOST_MARKS and x.scale == "date" else ""
            axes.plot(line.x, line.y, color=colour, label=label(line.name), marker=marker, markersize=3)
        _scaled(axes, x, y)
        if len(drawn) > 1:
            _legend(figure, axes)
        return _png(figure)


def bars(head: Head, rows: Sequence[tuple[str, int]], x: Axis, *, total: int, rest: int = 0) -> bytes:
    """A horizontal bar for each row, from the top, with its number and its share of the total.

    The last ``rest`` rows are no values, but what is said of the others; they are paler.
    """
    with _canvas(head, height=1.35 + 0.27 * len(rows), legend=False) as (figure, axes):
        places = range(len(rows))
        widths = [value for _, value in rows]
        colours = [COLOURS[0]] * (len(rows) - rest) + [_PALE] * rest
        axes.barh(places, widths, height=0.72, color=colours)
        axes.set_yticks(places, [label(name) for name, _ in rows], va="center")
        axes.invert_yaxis()
        axes.tick_params(axis="y", length=0, labelcolor=_INK)
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        most = max(widths, default=1) or 1
        for place, value in zip(places, widths, strict=True):
            text = f"{value:,}  ({percent(value / total)})"
            axes.annotate(
                text, (value, place), (4, 0), textcoords="offset points", va="center", fontsize=8, color=_SOFT
            )
        axes.set_xlabel(x.title)
        _scale(axes, "x", x)
        axes.set_xlim(0, most * 1.28)
        axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= most])
        return _png(figure)


def columns(head: Head, edges: Sequence[float], heights: Sequence[float], x: Axis, y: Axis) -> bytes:
    """A histogram: a column between each edge and the next."""
    with _canvas(head, height=3.5, legend=False) as (figure, axes):
        widths = [high - low for low, high in pairwise(edges)]
        axes.bar(
            edges[:-1], heights, widths, align="edge", color=COLOURS[0], edgecolor="white", linewidth=0.5
        )
        axes.grid(visible=False, axis="x")
        _scaled(axes, x, y)
        return _png(figure)


def outlines(
    head: Head, edges: Sequence[float], drawn: Mapping[str, Sequence[float]], x: Axis, y: Axis
) -> bytes:
    """Several histograms over the same edges, as outlines with a legend."""
    with _canvas(head, height=3.7, legend=True) as (figure, axes):
        for (name, heights), colour in zip(drawn.items(), _colours(len(drawn)), strict=True):
            axes.stairs(heights, edges, color=colour, label=label(name), linewidth=1.6)
        _scaled(axes, x, y)
        _legend(figure, axes)
        return _png(figure)


def bands(head: Head, panels: Sequence[Band], x: Axis, y: Axis) -> bytes:
    """A panel for each series, two in a row: median, quarters and tenths, on the same scales."""
    from matplotlib import ticker

    rows = (len(panels) + 1) // 2
    wide = len(panels) > 1
    with _canvas(head, height=1.5 + 2.1 * rows, legend=True, grid=(rows, 2 if wide else 1)) as (figure, _):
        for place, (band, axes) in enumerate(zip(panels, figure.axes, strict=False)):
            low, quarter, middle, three, high = band.quantiles
            colour = COLOURS[place % len(COLOURS)]
            axes.fill_between(band.x, low, high, color=colour, alpha=0.16, linewidth=0)
            axes.fill_between(band.x, quarter, three, color=colour, alpha=0.28, linewidth=0)
            axes.plot(band.x, middle, color=colour)
            axes.set_title(label(band.name), loc="left", fontsize=9, color=_INK)
            _scaled(axes, x, y)
            axes.xaxis.set_major_locator(ticker.MaxNLocator(5, integer=True))
            axes.label_outer()
        for axes in figure.axes[len(panels) :]:
            axes.remove()
        _legend_of_bands(figure)
        return _png(figure)


def dots(
    head: Head, drawn: Mapping[str, Sequence[tuple[float, float]]], x: str, y: str, *, rest: int = 0
) -> bytes:
    """Points on a plane, those of each name in a colour; both axes, with their titles, are on one scale.

    The last ``rest`` names, two at most, are no values, but what is said of the others: paler, and lying
    below.
    """
    with _canvas(head, height=5.2, legend=len(drawn) > 1) as (figure, axes):
        colours = [*_colours(len(drawn) - rest), *(_PALE, _FAINT)[:rest]]
        for (name, points), colour in zip(drawn.items(), colours, strict=True):
            across, up = zip(*points, strict=True)
            axes.scatter(
                across,
                up,
                s=10,
                color=colour,
                label=label(name, 14),
                alpha=0.75,
                linewidths=0,
                zorder=1 if colour in {_PALE, _FAINT} else 2,
            )
        axes.set_aspect("equal", adjustable="datalim")
        axes.tick_params(length=0, labelbottom=False, labelleft=False)
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        if len(drawn) > 1:
            _legend(figure, axes)
        return _png(figure)


def percent(share: float) -> str:
    """A share in percent, with as many digits as tell something."""
    if 0 < share < 0.001:
        return "< 0.1 %"
    return f"{share:{'.0%' if share >= 0.0995 else '.1%'}}".replace("%", " %")


def _colours(count: int) -> list[str]:
    return [COLOURS[place % len(COLOURS)] for place in range(count)]


@contextmanager
def _canvas(
    head: Head, *, height: float, legend: bool, grid: tuple[int, int] = (1, 1)
) -> Generator[tuple[Figure, Axes]]:
    """A figure with its head and foot, in our style whatever the user's own matplotlib style is."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with mpl.rc_context():
        mpl.rcdefaults()
        style: Any = _STYLE | {"font.family": list(families())}
        mpl.rcParams.update(style)
        top = 0.12 + 0.24 + (0.19 if head.note else 0) + (0.22 if legend else 0.04)
        room = ConstrainedLayoutEngine(
            rect=(0.0, 0.2 / height, 1.0, 1 - (top + 0.2) / height), w_pad=0.1, h_pad=0.06
        )
        figure = Figure(figsize=(WIDTH / _DPI, height), dpi=_DPI, facecolor="white", layout=room)
        left = 0.14 / (WIDTH / _DPI)
        figure.text(left, 1 - 0.12 / height, head.title, fontsize=11.5, va="top")
        figure.text(left, 1 - 0.36 / height, head.note, fontsize=8.5, va="top", color=_SOFT)
        figure.text(left, 0.08 / height, head.source, fontsize=7, va="bottom", color=_SOFT)
        figure.subplots(*grid, sharex=grid != (1, 1), sharey=grid != (1, 1))
        yield figure, figure.axes[0]


def _legend(figure: Figure, axes: Axes) -> None:
    handles, names = axes.get_legend_handles_labels()
    _place_legend(figure, handles, names)


def _legend_of_bands(figure: Figure) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Line2D([], [], color=_SOFT),
        Patch(facecolor=_SOFT, alpha=0.44, linewidth=0),
        Patch(facecolor=_SOFT, alpha=0.16, linewidth=0),
    ]
    _place_legend(figure, handles, ["median", "middle half", "middle 80 %"])


def _place_legend(figure: Figure, handles: Sequence[Any], names: Sequence[str]) -> None:
    inches = figure.get_figheight()
    _, note, _ = figure.texts
    top = 0.12 + 0.24 + (0.2 if note.get_text() else 0.02)
    legend = figure.legend(
        handles,
        names,
        loc="upper left",
        bbox_to_anchor=(0.14 / (WIDTH / _DPI), 1 - top / inches),
        borderaxespad=0,
        ncols=len(names),
        fontsize=8,
    )
    legend.set_in_layout(False)


def _scaled(axes: Axes, x: Axis, y: Axis) -> None:
    axes.set_xlabel(x.title)
    axes.set_ylabel(y.title)
    _scale(axes, "x", x)
    _scale(axes, "y", y)
    if y.scale == "linear":
        axes.set_ylim(bottom=0)


def _scale(axes: Axes, which: Literal["x", "y"], axis: Axis) -> None:
    from matplotlib import dates, ticker

    one = axes.xaxis if which == "x" else axes.yaxis
    if axis.scale == "date":
        one.set_major_locator(dates.AutoDateLocator(minticks=3, maxticks=7, interval_multiples=False))
        one.set_major_formatter(dates.DateFormatter(axis.dates))
        return
    if axis.scale == "linear":
        one.set_major_locator(
            ticker.MaxNLocator("auto", integer=axis.whole and not axis.share, steps=[1, 2, 5, 10])
        )
    else:
        extra: dict[str, Any] = {"linthresh": 1, "linscale": 0.4} if axis.scale == "symlog" else {}
        (axes.set_xscale if which == "x" else axes.set_yscale)(axis.scale, **extra)
    if axis.scale == "log":
        low, high = one.get_view_interval()
        one.set_major_locator(ticker.LogLocator(subs=(1, 2, 5) if high < low * _FEW_DECADES else (1,)))
        one.set_minor_locator(ticker.NullLocator())
    one.set_major_formatter(ticker.FuncFormatter(partial(_tick, share=axis.share)))


def _tick(value: float, _place: int | None, *, share: bool) -> str:
    if share:
        return f"{value * 100:,.10g} %"
    return f"{value:,.10g}".replace("-", "\N{MINUS SIGN}")


def _png(figure: Figure) -> bytes:
    """The figure as PNG without the date and the version of what wrote it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    written = io.BytesIO()
    figure.savefig(written, format="png", metadata={"Software": None})
    return written.getvalue()

"""Label Studio's JSON: tasks with predictions and annotations (https://labelstud.io/guide/task_format).

Suggestions are predictions, answers annotations, and what an adjudicator decided is an annotation with
``ground_truth``. Offsets of spans count Unicode code points there too (HumanSignal/label-studio-frontend,
pull request 308). Its own ids of users are not ours, so a person is a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from ecomdata.annotating.exporting.pieces import Piece

if TYPE_CHECKING:
    from ecomdata.annotating.task import Task

_CONTROL = "label"


def tasks(task: Task, pieces: Iterator[Piece]) -> Iterator[dict[str, Any]]:
    """A Label Studio task for each item."""
    for piece in pieces:
        yield {
            "id": piece.item_id,
            "data": {**piece.content, "row_id": piece.row_id},
            "annotations": [
                *(_annotation(task, piece, answer, decided=False) for answer in piece.answers),
                *([] if piece.decided is None else [_annotation(task, piece, piece.decided, decided=True)]),
            ],
            "predictions": [
                {
                    "model_version": f"{one['source']} {one['model']}",
                    "score": one["confidence"],
                    "result": result(task, piece.content, one["answer"], f"p{one['suggestion_id']}"),
                }
                for one in piece.suggestions
            ],
        }


def _annotation(task: Task, piece: Piece, said: Mapping[str, Any], *, decided: bool) -> dict[str, Any]:
    """What a person answered, or what an adjudicator decided, of which no time is known."""
    made = result(task, piece.content, said["answer"], f"{'d' if decided else 'a'}{said['event_id']}")
    return {
        "id": said["event_id"],
        "completed_by": said["annotator_id"],
        "result": made,
        "result_count": len(made),
        "was_cancelled": False,
        "ground_truth": decided,
        "created_at": said["at"],
        **({} if decided else {"lead_time": said["active_ms"] / 1000}),
    }


def result(
    task: Task, content: Mapping[str, Any], answer: Mapping[str, Any], mark: str
) -> list[dict[str, Any]]:
    """The regions of an answer; ``mark`` begins their ids."""
    shown = task.texts[0].column if task.texts else task.images
    if "spans" in answer:
        return [
            _region(
                f"{mark}-{place}",
                f"{_CONTROL}_{span['field']}",
                span["field"],
                "labels",
                {
                    "start": span["start"],
                    "end": span["end"],
                    "text": str(content[span["field"]])[span["start"] : span["end"]],
                    "labels": [span["label"]],
                },
            )
            for place, span in enumerate(answer["spans"])
        ]
    if "score" in answer:
        kind = score_tag(task).lower()
        return [_region(mark, _CONTROL, shown, kind, {kind: answer["score"]})]
    return [_region(mark, _CONTROL, shown, "choices", {"choices": list(answer["labels"])})]


def _region(mark: str, name: str, shown: str, kind: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": mark, "from_name": name, "to_name": shown, "type": kind, "value": dict(value)}


def score_tag(task: Task) -> str:
    """The tag of a score: stars count from 1, so a scale that has 0 is a number."""
    return "Rating" if task.score is not None and task.score.low >= 1 else "Number"


def config(task: Task) -> str:
    """The labelling interface for these tasks, as Label Studio's XML."""
    shown = [
        f"  <Text name={quoteattr(field.column)} value={quoteattr('$' + field.column)}/>"
        for field in task.fields
    ]
    if task.images:
        shown.append(f"  <Image name={quoteattr(task.images)} valueList={quoteattr('$' + task.images)}/>")
    to = quoteattr(task.texts[0].column if task.texts else task.images)
    return "\n".join(
        [
            "<View>",
            f"  <Header value={quoteattr(task.question)}/>",
            *shown,
            *_controls(task, to),
            "</View>",
            "",
        ]
    )


def _controls(task: Task, to: str) -> Sequence[str]:
    if task.score is not None:
        low, high = task.score.low, task.score.high
        ends = f'maxRating="{high}"' if score_tag(task) == "Rating" else f'min="{low}" max="{high}"'
        return [f'  <{score_tag(task)} name="{_CONTROL}" toName={to} {ends}/>']
    if task.kind == "labels":
        several = "multiple" if task.multiple else "single"
        inner = [f"    <Choice value={quoteattr(label.key)}/>" for label in task.labels]
        return [f'  <Choices name="{_CONTROL}" toName={to} choice="{several}">', *inner, "  </Choices>"]
    inner = [f"    <Label value={quoteattr(label.key)}/>" for label in task.labels]
    lines: list[str] = []
    for field in task.texts:
        name = quoteattr(f"{_CONTROL}_{field.column}")
        lines += [f"  <Labels name={name} toName={quoteattr(field.column)}>", *inner, "  </Labels>"]
    return lines

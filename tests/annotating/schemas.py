"""What Label Studio and Argilla say that their JSON looks like, written down as JSON Schema.

Label Studio: https://labelstud.io/guide/task_format (tasks, annotations), /guide/predictions (predictions),
and /tags/labels, /tags/choices, /tags/rating and /tags/number for the values of results. Argilla:
https://docs.argilla.io/latest/reference/argilla/records/records (``Record.to_dict``), .../responses and
.../suggestions, and https://docs.argilla.io/latest/how_to_guides/dataset for the values of questions.
"""

from __future__ import annotations

from typing import Any


def closed(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """An object with these properties and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
NUMBER = {"type": "number"}
TEXTS = {"type": "array", "items": TEXT}
UUID = {"type": "string", "pattern": "^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$"}


def region(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    """One entry of a result."""
    return closed({"id": TEXT, "from_name": TEXT, "to_name": TEXT, "type": {"const": kind}, "value": value})


RESULT = {
    "type": "array",
    "items": {
        "oneOf": [
            region("choices", closed({"choices": TEXTS})),
            region("rating", closed({"rating": {**WHOLE, "minimum": 1}})),
            region("number", closed({"number": NUMBER})),
            region("labels", closed({"start": WHOLE, "end": WHOLE, "text": TEXT, "labels": TEXTS})),
        ]
    },
}
LABEL_STUDIO = {
    "type": "array",
    "items": closed(
        {
            "id": WHOLE,
            "data": {"type": "object"},
            "annotations": {
                "type": "array",
                "items": closed(
                    {
                        "id": WHOLE,
                        "completed_by": {"type": ["integer", "null"]},
                        "result": RESULT,
                        "result_count": WHOLE,
                        "was_cancelled": {"type": "boolean"},
                        "ground_truth": {"type": "boolean"},
                        "created_at": TEXT,
                    },
                    {"lead_time": NUMBER},
                ),
            },
            "predictions": {
                "type": "array",
                "items": closed(
                    {"model_version": TEXT, "result": RESULT}, {"score": {"type": ["number", "null"]}}
                ),
            },
        }
    ),
}
VALUE = {
    "oneOf": [
        TEXT,
        WHOLE,
        TEXTS,
        {"type": "array", "minItems": 1, "items": closed({"start": WHOLE, "end": WHOLE, "label": TEXT})},
    ]
}
ARGILLA = {
    "type": "array",
    "items": closed(
        {
            "id": TEXT,
            "fields": {"type": "object", "additionalProperties": {"type": ["string", "null"]}},
            "metadata": {
                "type": "object",
                "additionalProperties": {"anyOf": [TEXT, NUMBER, TEXTS]},
            },
            "suggestions": {
                "type": "object",
                "additionalProperties": closed(
                    {"value": VALUE, "score": {"type": ["number", "null"]}, "agent": TEXT}
                ),
            },
            "responses": {
                "type": "object",
                "additionalProperties": {
                    "type": "array",
                    "items": closed({"value": VALUE, "user_id": UUID}),
                },
            },
            "vectors": {"type": "object"},
            "status": {"enum": ["pending", "completed"]},
        }
    ),
}

"""The Hub's own words for tasks and sizes, as its clients' sources list them."""

from __future__ import annotations

from typing import Final

# fmt: off
TASKS: Final = frozenset(
    {
        "any-to-any", "audio-classification", "audio-text-to-text", "audio-to-audio",
        "automatic-speech-recognition", "biology", "depth-estimation", "document-question-answering",
        "feature-extraction", "fill-mask", "graph-ml", "image-classification",
        "image-feature-extraction", "image-segmentation", "image-text-to-text", "image-to-3d",
        "image-to-image", "image-to-text", "image-to-video", "keypoint-detection", "mask-generation",
        "multiple-choice", "object-detection", "other", "question-answering", "reinforcement-learning",
        "robotics", "sentence-similarity", "summarization", "table-question-answering", "table-to-text",
        "tabular-classification", "tabular-regression", "tabular-to-text", "text-classification",
        "text-generation", "text-ranking", "text-retrieval", "text-to-3d", "text-to-audio",
        "text-to-image", "text-to-speech", "text-to-video", "text2text-generation",
        "time-series-forecasting", "token-classification", "translation",
        "unconditional-image-generation", "video-classification", "video-text-to-text",
        "visual-document-retrieval", "visual-question-answering", "voice-activity-detection",
        "zero-shot-classification", "zero-shot-image-classification", "zero-shot-object-detection",
    }
)
# fmt: on
"""What ``task_categories`` may name: huggingface.js, packages/tasks/src/pipelines.ts at 0057f404."""

SIZES: Final = (
    *("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B", "1B<n<10B"),
    *("10B<n<100B", "100B<n<1T", "n>1T"),
)
"""What ``size_categories`` may name, from the fewest rows: each has ten times as many as the one before."""

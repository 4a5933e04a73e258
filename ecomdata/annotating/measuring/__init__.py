"""What an annotation project shows: time, cost, edits, pull toward the model, agreement, accuracy.

Pure functions over polars frames of judgements (:mod:`ecomdata.annotating.measuring.judgements`). Every
figure is an :class:`~ecomdata.annotating.measuring.estimates.Estimate`: it says of how many answers it is,
and one that does not exist is null with a reason. Definitions and sources are in
``docs/annotation-measurements.md``.
"""

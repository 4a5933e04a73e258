"""Numerics of dense vectors: what they are like, whatever they stand for. Knows no store and no dataset."""

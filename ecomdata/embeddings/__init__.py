"""Texts as vectors: encoders behind one protocol, and the sets of vectors beside the store."""

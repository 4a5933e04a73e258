"""Suggesters: what says of an item what its answer may be."""

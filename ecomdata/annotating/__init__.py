"""Labelling what is loaded, with suggestions by models, and measuring what they did."""

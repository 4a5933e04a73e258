"""Statistics of the vectors of a dataset: figures, their page, and what is kept of them for the card."""

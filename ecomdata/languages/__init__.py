"""Which language texts are in, Bengali in Latin letters included, and what they are written with."""

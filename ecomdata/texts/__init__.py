"""Texts as bytes in Arrow's buffers, tidied and hashed in compiled loops; for duplicates and encoders."""

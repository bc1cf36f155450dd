"""Puts into the tables what journals, edits and documents say."""

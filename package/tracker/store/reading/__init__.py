"""Reads the tables: runs and what belongs to them, filters, a user's SQL."""

"""Versioned files: what runs make and what they use."""

"""Logged media, as a page is told of them."""

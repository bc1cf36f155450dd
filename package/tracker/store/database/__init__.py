"""The DuckDB file: how it is opened, its tables, and their steps to newer ones."""

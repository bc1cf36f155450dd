"""The type of an open connection, for the rooms that do not import duckdb."""

from __future__ import annotations

import duckdb

Connection = duckdb.DuckDBPyConnection

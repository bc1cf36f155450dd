"""The cellar: DuckDB, the journal and the files. The only room that imports duckdb."""

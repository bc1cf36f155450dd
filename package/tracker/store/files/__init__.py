"""Files: whole or not there, locked, and shared by their content."""

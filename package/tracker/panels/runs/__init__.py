"""The runs that a panel is about, and the table of them."""

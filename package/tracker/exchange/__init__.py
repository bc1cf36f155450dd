"""What runs elsewhere said, taken in; and runs written down for other programs."""

"""What moves: widgets that follow runs while they are recorded."""

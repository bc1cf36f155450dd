"""Values that are not numbers: images, and later audio, video, tables and more."""

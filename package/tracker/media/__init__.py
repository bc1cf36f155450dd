"""Values that are not numbers: images, tables, sound, video, pages and more, one file each."""

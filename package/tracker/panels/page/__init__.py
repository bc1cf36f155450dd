"""The way to a page and back: the widget, its views, and what they have been sent."""

"""Points of series: thinned, in buckets, grouped, and side by side as history."""

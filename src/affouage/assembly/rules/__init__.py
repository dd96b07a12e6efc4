"""Rule areas of the assembly itself: types, bounds, what may be enacted. Pure."""

"""A home in one file, and back: copies taken while it serves, sealed if wanted; what a collective takes elsewhere."""

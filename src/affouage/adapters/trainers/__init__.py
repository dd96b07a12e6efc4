"""Places where a run learns: this machine."""

"""What carries messages between the commons and its nodes."""

"""Where texts come from: each module reads shards of one kind, a document at a time, within limits."""

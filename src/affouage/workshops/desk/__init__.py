"""The desk: a draft never leaves without a person. Questions queue, an agent reads, mends, sends or refuses."""

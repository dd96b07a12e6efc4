"""Every parser of what comes from outside, given what nobody would send: see docs/reference/fuzzing.md."""

"""The work ledger: what the tool did to the work, from events and a weekly question; able to say that it is heavier."""

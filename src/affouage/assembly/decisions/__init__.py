"""How a rule comes to change: proposals, polls, enactments. Decided purely, from events."""

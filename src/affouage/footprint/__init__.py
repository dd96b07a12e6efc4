"""What an answer consumed: energy shared among requests, then impacts. Decisions here are pure."""

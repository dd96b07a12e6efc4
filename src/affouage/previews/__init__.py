"""What a rule would have changed: counted on the last thirty days of the commons, before anybody votes on it."""

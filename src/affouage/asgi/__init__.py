"""What the pages and the gateway share of HTTP: who may enter, how much may come in, what every answer carries."""

"""What every client asks, so that all can be compared."""

MESSAGES = [{"role": "user", "content": "Bonjour"}]
BEFORE, AFTER = "def add(a, b):\n    ", "\n"
SCHEMA = {
    "type": "object",
    "properties": {"essence": {"type": "string", "enum": ["chêne", "hêtre"]}},
    "required": ["essence"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "function": {"name": "choisir", "description": "Choisir un bois.", "parameters": SCHEMA}}

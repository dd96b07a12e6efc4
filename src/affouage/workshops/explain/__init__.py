"""Explain: a dated sheet, quoted, or "I do not know". First the sheet, then, if at all, the model."""

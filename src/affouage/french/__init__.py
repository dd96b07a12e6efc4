"""What a program can tell of a French (or English) text by reading it: sentences, quantities, dates, negations,
conditions, personal data. Pure; used by the workshops that check what a model writes and by the easy-to-read checker.
"""

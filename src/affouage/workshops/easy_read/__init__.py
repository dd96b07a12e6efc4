"""Easy to read (FALC): what a program can check of the European rules, and rewriting proposed sentence by sentence."""

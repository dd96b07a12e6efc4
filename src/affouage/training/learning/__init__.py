"""The program that learns. It alone imports torch, in a process of its own, and knows nothing but a run's folder."""

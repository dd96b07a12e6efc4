"""What was learnt, written as llama.cpp reads it. No torch: arrays of numpy, and the ``gguf`` package."""

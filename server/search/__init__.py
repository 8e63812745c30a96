"""Finding words: which forms belong together, and the index of what was said."""

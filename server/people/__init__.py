"""Who: people, passwords, codes, sessions, tokens."""

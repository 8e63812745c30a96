"""What happened: the catalogue of kinds, the numbered log, the fan-out and the bus."""

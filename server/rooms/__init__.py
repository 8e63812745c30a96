"""The live side: frames, the socket, who listens where, presence."""

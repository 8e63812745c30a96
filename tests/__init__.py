"""The suite: mirrors server/, with real parts beside it (parts/) and a fixed cast of people."""

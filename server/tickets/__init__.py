"""The request: its model, workflow, rights, actions, queries and pages."""

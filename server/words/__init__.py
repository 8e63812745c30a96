"""What stands on the screen: languages, labels, templates into HTML, Markdown, and what may stand in a typed text."""

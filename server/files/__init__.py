"""Uploads, storage, previews."""

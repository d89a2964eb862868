"""Word documents by python-docx."""

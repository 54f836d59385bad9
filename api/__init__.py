"""HTTP, exports and the command line; nothing but delivery. The composition root lives here."""

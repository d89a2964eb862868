"""Documents of earlier versions brought up to this one, and what this one can do with them."""

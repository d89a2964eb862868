"""A plain, slow second implementation of the model, and the tests that hold both against it."""

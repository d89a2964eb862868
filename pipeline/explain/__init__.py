"""How every figure of one structure came about: a model of the explanation, and its renderers."""

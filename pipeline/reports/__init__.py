"""One report model and its renderers: the model computes, the renderers only draw."""

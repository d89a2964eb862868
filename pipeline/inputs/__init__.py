"""Inputs: what people write, checked completely, made into one request and then a problem."""

from pipeline.inputs.errors import InputError, InputErrors
from pipeline.inputs.loading import load_request
from pipeline.inputs.request import Request

__all__ = ["InputError", "InputErrors", "Request", "load_request"]

"""What no figure takes account of; every summary and document says so."""

from __future__ import annotations

NOT_MODELLED = ("floating coupons",)

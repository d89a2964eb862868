"""Excel workbooks by XlsxWriter: documents of the pack, and the model with live formulas."""

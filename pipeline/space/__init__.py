"""The lever space: which permutations there are, and which of them a partition holds."""

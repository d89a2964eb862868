"""The worst that may be typed as a title or a name, and what must not be left of it."""

import unicodedata

WORST = (
    '=HYPERLINK("http://example.invalid","here") <script>alert(1)</script> <b>&amp;</b> '
    "../../../up $where {$gt: 1} a.b | [link](http://example.invalid) `code` %s {0} ]]>"
)
TENANT = "@SUM(A1)+1 <font color='red'>tenant</font>"
CONTROLS = (
    " \x1b]0;owned\x07\x1b[2J \x9b31m \u202eexe.fdp \u2066hidden\u2069 \u2028"
    "\r\nWARNING: all figures are wrong"
)
# What a person has to be able to read, in every output that shows the title.
READABLE = "<script>alert(1)</script>"
TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def harmless(text: str) -> None:
    """Nothing that a terminal or a reader of lines acts on."""
    for character in text:
        if character != "\n":
            assert unicodedata.category(character) not in ("Cc", "Zl", "Zp"), hex(ord(character))
            assert unicodedata.bidirectional(character) not in TURNING, hex(ord(character))
    assert not any(line.startswith("WARNING: all figures") for line in text.splitlines())

"""How a Word document looks: styles, page, header and footer, properties."""

from __future__ import annotations

from datetime import UTC
from typing import Any, Final

from docx.document import Document as WordDocument
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.section import Section
from docx.shared import Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph

from pipeline.reports import colours
from pipeline.reports.pack.document import Document
from pipeline.reports.word.runs import BLANK_GROUND, LATIN, plain, write_text

TABLE: Final = "Atlas Table"
MARGIN_MM: Final = 20
_A4_MM: Final = (210, 297)
_EAST_ASIAN: Final = "Microsoft YaHei"
_KEPT_TABLE_STYLES: Final = ("Normal Table",)
_ALIEN_PARTS: Final = ("stylesWithEffects", "customXml", "thumbnail")


def prepare(word: WordDocument, document: Document) -> None:
    """Everything but the content."""
    _drop_alien_parts(word)
    _make_styles(word)
    orient(word.sections[0], landscape=False)
    _head_and_foot(word.sections[0], document)
    _set_properties(word, document)


def orient(section: Section, *, landscape: bool) -> None:
    """A4, upright or on its side."""
    short, long = (Mm(each) for each in _A4_MM)
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (long, short) if landscape else (short, long)
    section.left_margin = section.right_margin = Mm(MARGIN_MM)
    section.top_margin, section.bottom_margin = Mm(24), Mm(20)
    section.header_distance = section.footer_distance = Mm(10)


def text_width_mm(*, landscape: bool) -> float:
    """Room between the margins, in millimetres."""
    return float(_A4_MM[1 if landscape else 0] - 2 * MARGIN_MM)


def _drop_alien_parts(word: WordDocument) -> None:
    """The template's picture of itself, a second set of styles, and an empty bibliography."""
    for relations in (word.part.rels, word.part.package.rels):
        for key in [k for k, each in relations.items() if each.reltype.endswith(_ALIEN_PARTS)]:
            relations.pop(key)


def _make_styles(word: WordDocument) -> None:
    for style in [each for each in word.styles if each.type == WD_STYLE_TYPE.TABLE]:
        if style.name not in _KEPT_TABLE_STYLES:
            style.delete()
    defaults = word.styles.element.find(f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}/{qn('w:rPr')}")
    for child in list(defaults):
        defaults.remove(child)
    defaults.append(_fonts())
    defaults.append(parse_xml(
        f'<w:lang {nsdecls("w")} w:val="en-GB" w:eastAsia="zh-CN" w:bidi="ar-SA"/>'
    ))  # fmt: skip
    _style(word, "Normal", 9.5, colours.INK, after=4)
    _style(word, "Kicker", 9, colours.ACCENT, bold=True, after=2)
    _style(word, "Title", 22, colours.NAVY, bold=True, after=2)
    _style(word, "Subtitle", 11, colours.GREY, after=6)
    _style(word, "Heading 1", 14, colours.NAVY, bold=True, before=16, after=6)
    _style(word, "Heading 2", 11.5, colours.NAVY, bold=True, before=12, after=4)
    _style(word, "Heading 3", 10, colours.BLUE, bold=True, before=9, after=4)
    _style(word, "Lead", 11, colours.NAVY, after=6)
    _style(word, "Small", 8, colours.GREY, before=2, after=5)
    _style(word, "Table Text", 8.5, colours.INK)
    _style(
        word, "Table Figure", 8.5, colours.INK
    ).paragraph_format.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    _style(word, "Table Head", 8, "#ffffff", bold=True)
    _style(word, "Table Label", 8.5, colours.GREY)
    _style(word, "Table Note", 7.5, colours.GREY, before=1)
    _style(word, "Tile Figure", 13, colours.NAVY, bold=True)
    _style(word, "List Bullet", 9.5, colours.INK, after=2)
    _style(word, "List Number", 9.5, colours.INK, after=2)
    _style(word, "Header", 8, colours.GREY)
    _style(word, "Footer", 8, colours.GREY)
    for name in ("Title", "Heading 1"):
        _rule_below(word, name, colours.ACCENT if name == "Title" else colours.NAVY)
    word.styles.element.append(_blank_style())
    word.styles.element.append(_table_style())


def _style(
    word: WordDocument, name: str, size: float, colour: str, *, bold: bool = False,
    before: float = 0, after: float = 0,
) -> ParagraphStyle:  # fmt: skip
    """A paragraph style by name, made or made anew."""
    if name in word.styles:
        style: Any = word.styles[name]
        for tag in ("w:rPr", "w:pBdr"):
            for old in style.element.findall(f".//{qn(tag)}"):
                old.getparent().remove(old)
    else:
        style = word.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = word.styles["Normal"]
    style.element.get_or_add_rPr().append(_fonts())
    font = style.font
    font.size, font.bold = Pt(size), bold
    font.color.rgb = RGBColor.from_string(colour.lstrip("#").upper())
    sized = OxmlElement("w:szCs")
    sized.set(qn("w:val"), str(round(2 * size)))
    style.element.rPr.append(sized)
    form = style.paragraph_format
    form.space_before, form.space_after = Pt(before), Pt(after)
    form.line_spacing = 1.1
    return style  # type: ignore[no-any-return]


def _fonts() -> BaseOxmlElement:
    """One font for each kind of letters, by name: the reader's machine has them or their like."""
    fonts = OxmlElement("w:rFonts")
    for kind in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{kind}"), LATIN)
    fonts.set(qn("w:eastAsia"), _EAST_ASIAN)
    return fonts


def _rule_below(word: WordDocument, name: str, colour: str) -> None:
    properties = word.styles[name].element.get_or_add_pPr()
    border = parse_xml(
        f'<w:pBdr {nsdecls("w")}><w:bottom w:val="single" w:sz="8" w:space="3" '
        f'w:color="{colour.lstrip("#")}"/></w:pBdr>'
    )
    properties.insert_element_before(
        border, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:kinsoku", "w:wordWrap",
        "w:overflowPunct", "w:topLinePunct", "w:autoSpaceDE", "w:autoSpaceDN", "w:bidi",
        "w:adjustRightInd", "w:snapToGrid", "w:spacing", "w:ind", "w:contextualSpacing",
        "w:mirrorIndents", "w:suppressOverlap", "w:jc", "w:textDirection", "w:textAlignment",
        "w:textboxTightWrap", "w:outlineLvl",
    )  # fmt: skip


def _blank_style() -> BaseOxmlElement:
    """What a person still has to fill in stands out."""
    return parse_xml(
        f'<w:style {nsdecls("w")} w:type="character" w:customStyle="1" w:styleId="Blank">'
        '<w:name w:val="Blank"/><w:uiPriority w:val="99"/><w:qFormat/><w:rPr>'
        f'<w:color w:val="6D5417"/><w:shd w:val="clear" w:color="auto" '
        f'w:fill="{BLANK_GROUND}"/></w:rPr></w:style>'
    )


def _table_style() -> BaseOxmlElement:
    line = colours.LINE.lstrip("#")
    return parse_xml(
        f'<w:style {nsdecls("w")} w:type="table" w:customStyle="1" w:styleId="AtlasTable">'
        f'<w:name w:val="{TABLE}"/><w:basedOn w:val="TableNormal"/><w:uiPriority w:val="59"/>'
        '<w:pPr><w:spacing w:before="0" w:after="0" w:line="240" w:lineRule="auto"/></w:pPr>'
        "<w:tblPr><w:tblBorders>"
        f'<w:bottom w:val="single" w:sz="6" w:space="0" w:color="{line}"/>'
        f'<w:insideH w:val="single" w:sz="4" w:space="0" w:color="{line}"/></w:tblBorders>'
        '<w:tblCellMar><w:top w:w="45" w:type="dxa"/><w:left w:w="80" w:type="dxa"/>'
        '<w:bottom w:w="45" w:type="dxa"/><w:right w:w="80" w:type="dxa"/></w:tblCellMar></w:tblPr>'
        "</w:style>"
    )


def _head_and_foot(section: Section, document: Document) -> None:
    """Project and title above, run and page below; later sections have the same."""
    above, below = section.header.paragraphs[0], section.footer.paragraphs[0]
    write_text(above, f"{document.project}  ·  {document.title}")
    line = colours.LINE.lstrip("#")
    for paragraph, side in ((above, "bottom"), (below, "top")):
        paragraph._p.get_or_add_pPr().append(parse_xml(
            f'<w:pBdr {nsdecls("w")}><w:{side} w:val="single" w:sz="6" w:space="4" '
            f'w:color="{line}"/></w:pBdr>'
        ))  # fmt: skip
    write_text(below, f"Run {document.run_id}  ·  Page ")
    field(below, "PAGE")
    write_text(below, " of ")
    field(below, "NUMPAGES")


def field(paragraph: Paragraph, instruction: str, shown: str = "1") -> None:
    """A field that Word keeps up to date, such as the page's number."""
    for kind in ("begin", "separate", "end"):
        run = paragraph.add_run()
        mark = OxmlElement("w:fldChar")
        mark.set(qn("w:fldCharType"), kind)
        run._r.append(mark)
        if kind == "begin":
            code = OxmlElement("w:instrText")
            code.set(qn("xml:space"), "preserve")
            code.text = f" {instruction} "
            paragraph.add_run()._r.append(code)
        if kind == "separate":
            paragraph.add_run(shown)


def _set_properties(word: WordDocument, document: Document) -> None:
    made = document.made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    core = word.core_properties
    core.title, core.subject = plain(document.title)[:255], plain(document.project)[:255]
    core.author = core.last_modified_by = "Atlas Forge"
    core.keywords, core.comments = plain(document.run_id)[:255], ""
    core.created = core.modified = made
    core.revision, core.language = 1, "en-GB"

"use strict";

// The rows of the page: columns of distinct values and, for each row, the place of its value.

/** The bytes of one of the page's blocks: base64, then deflate. */
async function unpacked(id) {
  const text = atob(document.getElementById(id).textContent);
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

/** One column. Values rise; the place after the last means that a row has none. */
class Column {
  constructor(about, bytes, rows) {
    const places = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }[about.width];
    this.name = about.name;
    this.about = about.about;
    this.unit = about.unit;
    this.scale = about.scale;
    this.texts = about.texts;
    this.values = about.values || new Float64Array(bytes.slice(about.at, about.at + 8 * about.count));
    this.count = this.values.length;
    const end = about.placesAt + about.width * rows;
    this.places = new places(bytes.slice(about.placesAt, end));
  }

  /** The stored value of a row, or null. */
  value(row) {
    const place = this.places[row];
    return place < this.count ? this.values[place] : null;
  }

  /** The value of a place, in the unit it is shown in. */
  shownAt(place) {
    const value = this.values[place];
    return typeof value === "number" ? value * this.scale : value;
  }

  /** What a table says of a row. */
  cell(row) {
    const place = this.places[row];
    if (place >= this.count) return UNDEFINED;
    return this.texts ? this.texts[place] : inTable(this.shownAt(place), this.unit);
  }

  /** What a list of facts says of a row, with its unit. */
  fact(row, currency) {
    const place = this.places[row];
    if (place >= this.count) return UNDEFINED;
    return this.texts ? this.texts[place] : textOf(this.shownAt(place), this.unit, currency);
  }
}

/** The columns of a block, by their names. */
async function readColumns(block, about, rows) {
  const bytes = await unpacked(block);
  return new Map(about.map((each) => [each.name, new Column(each, bytes, rows)]));
}

// The ranking: sorted, a page at a time; only the rows of that page are in the document.

const LEFT_UNITS = ["text", "flag"];

class RankingTable {
  constructor(facts, columns) {
    this.facts = facts;
    this.columns = columns;
    this.sort = { name: "rank", down: false };
    this.page = 0;
    this.visible = new Set(facts.headings.filter((each) => each.shown).map((each) => each.name));
    this.filters = new Filters(facts, columns, () => this.refresh());
    this.found = [];
    this.head = document.getElementById("ranking-head");
    this.body = document.getElementById("ranking-body");
    this.size = document.getElementById("page-size");
    this.size.addEventListener("change", () => this.turn(0));
    for (const [id, step] of [["page-first", -Infinity], ["page-before", -1], ["page-after", 1],
      ["page-last", Infinity]]) {
      document.getElementById(id).addEventListener("click", () => this.turn(this.page + step));
    }
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      if (row && !event.target.closest("a")) window.location.hash = `p=${row.dataset.number}`;
    });
    this.listColumns();
    this.refresh();
  }

  listColumns() {
    const list = document.getElementById("column-list");
    for (const { name, label } of this.facts.headings) {
      const box = made("input", { type: "checkbox", checked: this.visible.has(name) });
      box.addEventListener("change", () => {
        if (box.checked) this.visible.add(name);
        else this.visible.delete(name);
        this.draw();
      });
      const about = this.columns.get(name).about;
      list.append(made("label", { class: "check", title: about }, box,
        made("span", { dir: "auto" }, ...breakable(label))));
    }
  }

  /** The rows that the filters leave, sorted anew. */
  refresh() {
    this.found = this.filters.rows();
    this.order();
    this.turn(0);
  }

  /** Sort by places of values; what has no value comes last, and equal rows stay by rank. */
  order() {
    const column = this.columns.get(this.sort.name);
    const down = this.sort.down;
    const key = (row) => {
      const place = column.places[row];
      if (place >= column.count) return Infinity;
      return down ? -place : place;
    };
    const keys = new Map(this.found.map((row) => [row, key(row)]));
    this.found.sort((a, b) => (keys.get(a) === keys.get(b) ? a - b : keys.get(a) - keys.get(b)));
  }

  sortBy(heading) {
    const again = this.sort.name === heading.name;
    this.sort = { name: heading.name, down: again ? !this.sort.down : !heading.lowFirst };
    this.found.sort((a, b) => a - b);
    this.order();
    this.turn(0);
    const chosen = this.head.querySelector(`[data-name="${CSS.escape(heading.name)}"]`);
    if (chosen) chosen.focus();
  }

  get pages() {
    return Math.max(1, Math.ceil(this.found.length / Number(this.size.value)));
  }

  turn(page) {
    this.page = Math.min(Math.max(page, 0), this.pages - 1);
    this.draw();
  }

  draw() {
    const shown = this.facts.headings.filter((each) => this.visible.has(each.name));
    const from = this.page * Number(this.size.value);
    const rows = this.found.slice(from, from + Number(this.size.value));
    this.head.replaceChildren(made("tr", {}, ...shown.map((each) => this.headCell(each))));
    this.body.replaceChildren(...rows.map((row) => this.row(row, shown)));
    this.tell(from, rows.length);
  }

  headCell(heading) {
    const column = this.columns.get(heading.name);
    const sorted = this.sort.name === heading.name;
    const button = made("button", {
      type: "button", "data-name": heading.name,
      title: column.about || null, dir: "auto",
    }, ...breakable(heading.label),
    made("span", { class: "arrow", "aria-hidden": "true" }, sorted ? (this.sort.down ? "▼" : "▲") : ""));
    button.addEventListener("click", () => this.sortBy(heading));
    const direction = sorted ? (this.sort.down ? "descending" : "ascending") : null;
    const kind = heading.name === "permutation_id" ? "number " : "";
    return made("th", { scope: "col", class: kind + this.side(column), "aria-sort": direction }, button);
  }

  side(column) {
    return LEFT_UNITS.includes(column.unit) && !column.texts?.every((text) => /^[-\d.,e+]+$/.test(text))
      ? "left" : "right";
  }

  row(row, shown) {
    const number = this.columns.get("permutation_id").value(row);
    const cells = shown.map(({ name }) => {
      const column = this.columns.get(name);
      const side = this.side(column);
      if (name === "permutation_id") {
        return made("td", { class: `number ${side}` }, made("a", { href: `#p=${number}` }, column.cell(row)));
      }
      if (name === "viability_tier") return made("td", {}, tierBadge(column.value(row)));
      const text = column.cell(row);
      const left = side === "left";
      return made("td", { class: side, dir: left ? "auto" : null, title: left ? text : null }, text);
    });
    return made("tr", { "data-number": number }, ...cells);
  }

  tell(from, count) {
    const total = grouped(this.found.length, 0);
    const all = grouped(this.facts.rows, 0);
    document.getElementById("found").textContent = this.found.length === this.facts.rows
      ? `${all} structures` : `${total} of ${all} structures match`;
    document.getElementById("page-place").textContent = count
      ? `${grouped(from + 1, 0)}–${grouped(from + count, 0)} of ${total}` : "none";
    const last = this.pages - 1;
    for (const [id, off] of [["page-first", this.page === 0], ["page-before", this.page === 0],
      ["page-after", this.page === last], ["page-last", this.page === last]]) {
      document.getElementById(id).disabled = off;
    }
    document.getElementById("nothing-found").hidden = count > 0;
  }

  /** Numbers of the structures before and after one, in the order shown. */
  neighbours(number) {
    const numbers = this.columns.get("permutation_id");
    const place = this.found.findIndex((row) => numbers.value(row) === number);
    const at = (other) => (other in this.found ? numbers.value(this.found[other]) : null);
    return place < 0 ? [null, null] : [at(place - 1), at(place + 1)];
  }
}

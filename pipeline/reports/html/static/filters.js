// Which rows are shown: every question is asked of a column's distinct values, not of each row.

/** The form above the ranking, and what it asks. */
class Filters {
  constructor(facts, columns, onChange) {
    this.facts = facts;
    this.columns = columns;
    this.form = document.getElementById("filters");
    this.ranges = facts.headings.filter((each) => each.ranged);
    this.choices = facts.headings.filter((each) => each.lever);
    this.build();
    let waiting = 0;
    this.form.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(onChange, 120);
    });
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("reset", () => setTimeout(onChange, 0));
  }

  build() {
    const tiers = document.getElementById("filter-tiers");
    const held = this.columns.get("viability_tier");
    for (const tier of this.facts.tiers) {
      if (!held.values.includes(tier)) continue;
      const box = made("input", { type: "checkbox", name: "tier", value: tier });
      tiers.append(made("label", { class: "check" }, box, tierBadge(tier)));
    }
    const ranges = document.getElementById("filter-ranges");
    for (const { name, label } of this.ranges) {
      const unit = this.columns.get(name).unit === "money" ? `, ${this.facts.currency} m` : "";
      ranges.append(this.range(name, label + unit));
    }
    const levers = document.getElementById("filter-levers");
    for (const { name, label } of this.choices) {
      const column = this.columns.get(name);
      const few = column.count <= this.facts.choices;
      levers.append(few ? this.choice(name, label, column) : this.range(name, label));
    }
  }

  range(name, label) {
    const ends = ["least", "most"].map((end) =>
      made("input", {
        type: "number", step: "any", name: `${end} ${name}`, placeholder: end,
        "aria-label": `${label}, ${end}`,
      }));
    const legend = made("legend", { dir: "auto" }, ...breakable(label));
    return made("fieldset", { class: "range" }, legend, ...ends);
  }

  choice(name, label, column) {
    const list = made("select", { name: `is ${name}` }, made("option", { value: "" }, "any"));
    column.texts.forEach((text, place) =>
      list.append(made("option", { value: String(place), dir: "auto" }, text)));
    return made("label", { class: "choice" },
      made("span", { dir: "auto" }, ...breakable(label)), list);
  }

  /** Tests of a row, each from a column and which of its values are wanted. */
  tests() {
    const given = new FormData(this.form);
    const tests = [];
    const add = (name, wants) => {
      const column = this.columns.get(name);
      const kept = Array.from({ length: column.count }, (_, place) => wants(place, column));
      tests.push([column.places, kept]);
    };
    const tiers = given.getAll("tier");
    if (tiers.length) add("viability_tier", (place, column) => tiers.includes(column.values[place]));
    for (const name of ["pareto", "viable"]) {
      if (given.get(name)) add(name, (place, column) => column.values[place]);
    }
    if (given.get("funded")) add("full_coverage", (place, column) => column.values[place] >= 1);
    for (const { name } of [...this.ranges, ...this.choices]) {
      this.addRange(given, name, add);
      const chosen = given.get(`is ${name}`);
      if (chosen) add(name, (place) => place === Number(chosen));
    }
    return tests;
  }

  addRange(given, name, add) {
    for (const [end, fits] of [["least", (a, b) => a >= b], ["most", (a, b) => a <= b]]) {
      const text = given.get(`${end} ${name}`);
      if (text === null || text === "" || Number.isNaN(Number(text))) continue;
      add(name, (place, column) => {
        const value = column.shownAt(place);
        return fits(column.unit === "money" ? value / MONEY_UNIT : value, Number(text));
      });
    }
  }

  /** Each word of the search has to be in the tier, the number or a setting, or be the rating. */
  words() {
    const text = String(new FormData(this.form).get("words") || "");
    return text.toLowerCase().split(/\s+/).filter(Boolean).map((word) => {
      if (this.facts.ratings.includes(word)) return [this.matching("senior_rating", word, true)];
      const named = ["viability_tier", "permutation_id", "binding_constraint", "switched_on",
        ...this.choices.map((each) => each.name)];
      return named.map((name) => this.matching(name, word, false));
    });
  }

  /** Which values of a column are a word, or hold it; switches are asked for by their own list. */
  matching(name, word, whole) {
    const column = this.columns.get(name);
    const wanted = name === "permutation_id" ? word.replace(/,/g, "") : word;
    const has = (place) => {
      if (typeof column.values[place] === "boolean") return false;
      const text = (column.texts ? column.texts[place] : String(column.values[place])).toLowerCase();
      return whole ? text === wanted : text.replace(/\u00a0/g, " ").includes(wanted);
    };
    return [column.places, Array.from({ length: column.count }, (_, place) => has(place))];
  }

  /** The rows that fit, in rank order. */
  rows() {
    const tests = this.tests();
    const words = this.words();
    const found = [];
    for (let row = 0; row < this.facts.rows; row += 1) {
      if (tests.every(([places, kept]) => kept[places[row]] === true)
        && words.every((word) => word.some(([places, kept]) => kept[places[row]] === true))) {
        found.push(row);
      }
    }
    return found;
  }
}

// The page of one structure: settings, figures, sums of money, every scenario.

const TILES = [
  ["Senior debt", "senior_notional"], ["Senior rating", "senior_rating"], ["Least DSCR", "dscr_min"],
  ["WACC", "wacc"], ["Equity IRR", "equity_irr"], ["Day-one value", "day1_cash"],
  ["Funded", "full_coverage"], ["Score", "composite_score"],
];

class StructurePage {
  constructor(facts, columns) {
    this.facts = facts;
    this.columns = columns;
    this.layout = facts.structure;
    this.others = null;
    const numbers = columns.get("permutation_id");
    this.rowOf = new Map(Array.from({ length: facts.rows }, (_, row) => [numbers.value(row), row]));
  }

  /** Columns that only this page needs are unpacked when it is first opened. */
  async unpack() {
    if (!this.others) {
      this.others = await readColumns("block-others", this.facts.columns.others, this.facts.rows);
    }
  }

  column(name) {
    return this.columns.get(name) || this.others.get(name);
  }

  value(name) {
    return name === null ? null : this.column(name).value(this.row);
  }

  /** A figure with its unit; where it has none, why. */
  text(name) {
    const column = this.column(name);
    const text = column.fact(this.row, this.facts.currency);
    const status = this.columns.get(`${name}_status`) || this.others.get(`${name}_status`);
    if (column.value(this.row) !== null || !status) return text;
    return `${text} (${status.value(this.row).replace(/_/g, " ").toLowerCase()})`;
  }

  async draw(number, [before, after]) {
    const page = document.getElementById("structure");
    if (!this.rowOf.has(number)) {
      page.replaceChildren(this.back(), made("h1", { tabindex: "-1" }, "Not on this page"),
        made("p", {}, "The page holds the best structures, the Pareto frontier and the optimal one;",
          " this shows any other: "),
        this.command(`atlas-forge show ${this.facts.run} ${number}`));
      return;
    }
    await this.unpack();
    this.row = this.rowOf.get(number);
    page.replaceChildren(this.head(number, before, after), this.tiles(), this.levers(),
      this.verdict(), this.figures(), this.sums(), this.scenarios(), this.rest());
  }

  back() {
    return made("nav", { class: "way", "aria-label": "Structures" },
      made("a", { href: "#ranking" }, "← Back to the run"));
  }

  command(text) {
    return made("code", { class: "command" }, text);
  }

  head(number, before, after) {
    const way = this.back();
    const step = (other, text) => {
      if (other !== null) way.append(made("a", { href: `#p=${other}` }, text));
    };
    step(before, "↑ The one above");
    step(after, "↓ The one below");
    const facts = [tierBadge(this.value("viability_tier")), ` rank ${grouped(this.value("rank"), 0)}`];
    if (this.value("pareto")) facts.push(" · on the Pareto frontier");
    if (this.value("viable")) facts.push(" · meets the hard filters");
    return made("header", {}, way,
      made("h1", { tabindex: "-1" }, `Structure ${grouped(number, 0)}`),
      made("p", { class: "under" }, made("span", { dir: "auto" }, this.facts.title), " · ", ...facts),
      made("p", { class: "commands" }, "Make its documents: ",
        this.command(`atlas-forge pack ${this.facts.run} ${number}`),
        " How each figure came about: ", this.command(`atlas-forge explain ${this.facts.run} ${number}`)));
  }

  tiles() {
    return made("dl", { class: "tiles" }, ...TILES.map(([label, name]) =>
      made("div", {}, made("dt", {}, label), made("dd", {}, this.text(name)))));
  }

  section(title, ...children) {
    return made("section", {}, made("h2", {}, title), ...children);
  }

  factList(facts, kind = "facts") {
    return made("dl", { class: kind }, ...facts.map(([label, text]) =>
      made("div", {}, made("dt", { dir: "auto" }, ...breakable(label)),
        made("dd", { dir: "auto" }, text))));
  }

  levers() {
    const named = this.facts.levers.map((name) => [name, this.column(name).cell(this.row)]);
    if (!named.length) return this.section("Settings", made("p", {}, "Nothing varies in this run."));
    return this.section("Settings", this.factList(named));
  }

  verdict() {
    const worded = (names) => names.map((name) => this.facts.wording[name] || name).join("; ");
    const facts = [["a", "Gate A, feasible"], ["b", "Gate B, credit"]].map(([gate, label]) => {
      const failed = this.value(`gate_${gate}_reasons`) || [];
      return [label, failed.length ? `fails: ${worded(failed)}` : "passed"];
    });
    facts.push(["Warnings", worded(this.value("warnings") || []) || "none"]);
    const legs = this.value("repo_reasons") || [];
    facts.push(["Repo", legs.length ? `not eligible: ${legs.join(", ").replace(/_/g, " ").toLowerCase()}`
      : "every leg holds"]);
    return this.section("Gates and warnings", this.factList(facts, "facts one"));
  }

  figures() {
    return this.section("Figures",
      this.factList(this.layout.figures.map(([label, name]) => [label, this.text(name)])));
  }

  /** Parts of a sum; bars show sizes beside the largest part. */
  sum(title, parts) {
    const amounts = parts.map(([, name]) => this.value(name));
    const largest = Math.max(1, ...amounts.slice(0, -1).map((each) => Math.abs(each || 0)));
    const rows = parts.map(([label], place) => {
      const value = amounts[place];
      const total = place === parts.length - 1;
      const bar = total || !value ? "" : barOf(100 * Math.abs(value) / largest, value < 0);
      return made("tr", { class: total ? "total" : null }, made("th", { scope: "row" }, label),
        made("td", { class: "right" }, amount(value)), made("td", { class: "bar" }, bar));
    });
    const head = made("tr", {}, made("th", { scope: "col" }, title),
      made("th", { scope: "col", class: "right" }, this.facts.currency),
      made("th", { scope: "col" }, made("span", { class: "unseen" }, "Size")));
    return boxed(title, made("table", { class: "sum" }, made("thead", {}, head),
      made("tbody", {}, ...rows)));
  }

  sums() {
    return this.section("Day-one value, sources and uses",
      made("p", { class: "note" }, "Negative parts of day-one value are costs. Sources meet uses, ",
        "and the equity cheque is what the others leave."),
      made("div", { class: "sums" }, this.sum("Day-one value", this.layout.dayOne),
        this.sum("Sources at close", this.layout.sources), this.sum("Uses at close", this.layout.uses)));
  }

  scenarios() {
    const heads = this.layout.scenarioHeads;
    const right = heads.map(([, unit]) => !LEFT_UNITS.includes(unit));
    const head = made("tr", {}, made("th", { scope: "col" }, "Scenario"),
      ...heads.map(([label], place) =>
        made("th", { scope: "col", class: right[place] ? "right" : null }, label)));
    let group = "";
    const rows = this.layout.scenarios.map((each) => {
      const first = each.group !== group;
      group = each.group;
      const cells = each.figures.map((name, place) => {
        const value = this.value(name);
        const failed = value === false;
        const text = heads[place][1] === "flag"
          ? { true: "passes", false: "FAILS", null: "" }[String(value)]
          : inTable(value, heads[place][1]);
        return made("td", { class: [right[place] ? "right" : "", failed ? "failed" : ""].join(" ").trim() },
          text);
      });
      const label = this.column(each.label).value(this.row);
      return made("tr", { class: first ? "new-group" : null },
        made("th", { scope: "row" }, label), ...cells);
    });
    return this.section("Scenarios",
      made("p", { class: "note" }, "Debt held as sized, one change at a time. Of the base case and",
        " the three leases no verdict is asked."),
      boxed("Scenarios", made("table", {}, made("thead", {}, head), made("tbody", {}, ...rows))));
  }

  /** Whatever else is stored of the structure. */
  rest() {
    const told = new Set([...this.layout.figures, ...this.layout.dayOne, ...this.layout.sources,
      ...this.layout.uses].map(([, name]) => name));
    for (const each of this.layout.scenarios) each.figures.forEach((name) => told.add(name));
    for (const name of this.facts.levers) told.add(name);
    const names = [...this.columns.keys(), ...this.others.keys()].filter((name) =>
      !told.has(name) && !name.endsWith("_status") && !name.endsWith("_reasons")
      && this.column(name).about);
    const facts = names.map((name) => [this.column(name).about, this.text(name)]);
    return made("details", {}, made("summary", {}, "All other figures of this structure"),
      this.factList(facts));
  }
}

function barOf(percent, negative) {
  return drawn("svg", { class: "line", "aria-hidden": "true" },
    drawn("rect", { class: "ground", width: "100%", height: "100%" }),
    drawn("rect", { class: negative ? "against" : "for", width: `${percent}%`, height: "100%" }));
}

// The map of two levers: how many survivors of which tier have each pair of values.

class TierMap {
  constructor(facts) {
    this.tiers = facts.tiers;
    this.map = facts.tierMap;
    this.across = document.getElementById("map-across");
    this.down = document.getElementById("map-down");
    if (!this.across || this.map.telling === null) return;
    this.map.levers.forEach((lever, place) => {
      for (const list of [this.across, this.down]) {
        list.append(made("option", { value: String(place), dir: "auto" }, lever.name));
      }
    });
    const pair = this.map.pairs[this.map.telling];
    const longer = this.size(pair.first) < this.size(pair.second);
    this.across.value = String(longer ? pair.second : pair.first);
    this.down.value = String(longer ? pair.first : pair.second);
    for (const list of [this.across, this.down]) {
      list.addEventListener("change", () => this.chosen(list));
    }
    this.draw();
  }

  size(lever) {
    return this.map.levers[lever].values.length;
  }

  /** A lever beside itself is no map: the other list takes another one. */
  chosen(list) {
    const other = list === this.across ? this.down : this.across;
    if (list.value === other.value) other.value = list.value === "0" ? "1" : "0";
    this.draw();
  }

  draw() {
    const [x, y] = [Number(this.across.value), Number(this.down.value)];
    const turned = x < y;
    const pair = this.map.pairs.find((each) =>
      each.first === Math.min(x, y) && each.second === Math.max(x, y));
    const counts = (i, j) => (turned ? pair.counts[j][i] : pair.counts[i][j]);
    const [across, down] = [this.map.levers[x], this.map.levers[y]];
    const head = made("tr", {}, made("td", { class: "corner" }),
      ...across.values.map((value) => made("th", { scope: "col", dir: "auto" }, value)));
    const rows = down.values.map((value, i) => made("tr", {},
      made("th", { scope: "row", dir: "auto" }, value),
      ...across.values.map((_, j) => this.cell(counts(i, j)))));
    const caption = made("caption", {}, "Across: ", made("b", { dir: "auto" }, across.name),
      ". Down: ", made("b", { dir: "auto" }, down.name), ".");
    const table = made("table", { class: "map" }, caption, made("thead", {}, head),
      made("tbody", {}, ...rows));
    document.getElementById("map").replaceChildren(boxed("Tier map", table, "scroll fit"));
  }

  cell(counts) {
    const best = counts.findIndex((count) => count > 0);
    if (best < 0) return made("td", { class: "empty", title: "no survivor" }, "·");
    const told = this.tiers.map((tier, place) => [tier, counts[place]]).filter((each) => each[1]);
    const title = told.map(([tier, count]) => `${tier} ${grouped(count, 0)}`).join(", ");
    return made("td", { class: tierClass(this.tiers[best]), title },
      made("b", {}, grouped(counts[best], 0)),
      made("small", {}, told.slice(1).map((each) => grouped(each[1], 0)).join(" · ")));
  }
}

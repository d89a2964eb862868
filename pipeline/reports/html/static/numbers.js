// How figures are written: as pipeline/reports/numbers.py writes them, digit by digit.

const UNDEFINED = "–";
const MONEY_UNIT = 1e6;
const PATTERNS = {
  percent: [2, " %"],
  times: [2, "x"],
  years: [1, " y"],
  score: [2, ""],
  seconds: [1, " s"],
  megawatts: [2, " MW"],
};

/** A number with so many digits after the point; an exact half goes to the even digit. */
function fixed(value, digits) {
  const size = Math.abs(value);
  let text = size.toFixed(digits);
  if (size < 1e21) {
    const exact = size.toFixed(Math.min(100, digits + 60));
    const cut = exact.length - Math.min(100, digits + 60) + digits;
    const rest = exact.slice(digits === 0 ? exact.indexOf(".") + 1 : cut);
    if (/^50*$/.test(rest)) {
      const down = digits === 0 ? exact.slice(0, exact.indexOf(".")) : exact.slice(0, cut);
      if (Number(down[down.length - 1]) % 2 === 0) text = down;
    }
  }
  return value < 0 || Object.is(value, -0) ? `-${text}` : text;
}

/** The same with commas between thousands. */
function grouped(value, digits) {
  const [whole, part] = fixed(value, digits).split(".");
  const commas = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return part === undefined ? commas : `${commas}.${part}`;
}

function money(value) {
  for (const [step, name] of [[1e9, "bn"], [1e6, "m"], [1e3, "k"]]) {
    if (Math.abs(value) >= step) return `${grouped(value / step, 2)} ${name}`;
  }
  return grouped(value, 0);
}

function wordOf(value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return Array.isArray(value) ? value.join(", ") || "none" : String(value);
}

/** A value with its unit. */
function textOf(value, unit, currency) {
  if (value === null) return UNDEFINED;
  if (typeof value !== "number") return wordOf(value);
  if (unit === "count") return grouped(Math.trunc(value) + 0, 0);
  if (unit === "money") return `${currency} ${money(value)}`;
  const pattern = PATTERNS[unit];
  return pattern ? fixed(value, pattern[0]) + pattern[1] : String(value);
}

/** A value of a narrow table, whose heading or caption says the unit; money is in millions. */
function inTable(value, unit) {
  if (value === null) return UNDEFINED;
  if (typeof value !== "number") return wordOf(value);
  if (unit === "money") return grouped(value / MONEY_UNIT, 1);
  if (unit === "years") return fixed(value, 1);
  if (unit === "percent") return fixed(value, 2);
  return textOf(value, unit, "");
}

/** Money in whole units. */
function amount(value) {
  return value === null ? UNDEFINED : grouped(value, 0);
}

// Elements made from text alone: nothing of a run is ever read as markup.

/** An element with attributes; children are elements, or texts, which stay texts. */
function made(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** An element of a drawing. */
function drawn(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A name that may break between its words: TargetDSCRSenior_37. */
function breakable(name) {
  const parts = name.split(/(?<=[a-z0-9])(?=[A-Z_])/);
  return parts.flatMap((part, place) => (place ? [document.createElement("wbr"), part] : [part]));
}

/** A table in its own box that scrolls, so that the page never does. */
function boxed(label, table, kind = "scroll") {
  return made("div", { class: kind, tabindex: "0", role: "region", "aria-label": label }, table);
}

function tierBadge(tier) {
  return made("span", { class: `tier ${tierClass(tier)}` }, tier);
}

function tierClass(tier) {
  return `tier-${tier.toLowerCase().replace(/ /g, "-")}`;
}

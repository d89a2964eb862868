// What the page does once it is there: the ranking, the tier map, and structures by their address.

function addressed() {
  const found = /^#p=(\d+)$/.exec(window.location.hash);
  return found ? Number(found[1]) : null;
}

async function begin() {
  const facts = JSON.parse(document.getElementById("facts").textContent);
  new TierMap(facts);
  const run = document.getElementById("run");
  const structure = document.getElementById("structure");
  const title = document.title;
  let table = null;
  let page = null;
  let left = 0;
  if (facts.rows) {
    const columns = await readColumns("block-ranking", facts.columns.ranking, facts.rows);
    table = new RankingTable(facts, columns);
    page = new StructurePage(facts, columns);
  }

  async function route(event) {
    const number = addressed();
    if (number === null || !page) {
      const back = run.hidden;
      run.hidden = false;
      structure.hidden = true;
      document.title = title;
      if (back && event) window.scrollTo(0, left);
      return;
    }
    if (!run.hidden) left = window.scrollY;
    await page.draw(number, table.neighbours(number));
    run.hidden = true;
    structure.hidden = false;
    document.title = `Structure ${number} · ${title}`;
    window.scrollTo(0, 0);
    structure.querySelector("h1").focus({ preventScroll: true });
  }

  const frontier = document.getElementById("only-frontier");
  if (frontier && table) {
    frontier.addEventListener("click", () => {
      table.filters.form.reset();
      table.filters.form.elements.pareto.checked = true;
      setTimeout(() => table.refresh(), 0);
    });
  }
  window.addEventListener("hashchange", route);
  await route(null);
  document.documentElement.dataset.ready = "yes";
}

begin().catch((error) => {
  const told = document.getElementById("trouble");
  told.textContent = `This browser cannot show the tables of this page: ${error.message}`;
  told.hidden = false;
  console.error(error);
});

// Sorting and filtering of a leaderboard. The page is whole without it.
(() => {
  const table = document.querySelector("table.board");
  const form = document.querySelector(".filters");
  if (!table || !form) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const values = new Map();
  const valuesOf = (column) => {
    if (!values.has(column)) {
      const texts = rows.map((row) => row.cells[column].dataset.v);
      const numeric = rows[0].cells[column].tagName === "TD";
      values.set(column, texts.map(
        (text) => (text === undefined ? null : numeric ? Number(text) : text)));
    }
    return values.get(column);
  };
  // A thousand rows take longer to lay out than a person likes to wait: the first ones are drawn at
  // once, the others in the next frames.
  const AT_ONCE = 40;
  let order = rows;
  let fitting = new Set(rows);
  let turn = 0;
  const draw = () => {
    const mine = ++turn;
    const visible = order.filter((row) => fitting.has(row));
    const more = (start) => {
      if (mine !== turn) return;
      body.append(...visible.slice(start, start + AT_ONCE));
      if (start + AT_ONCE < visible.length) requestAnimationFrame(() => more(start + AT_ONCE));
    };
    body.replaceChildren();
    more(0);
  };
  const arrange = (column, direction) => {
    const keys = valuesOf(column);
    const places = rows.map((_, place) => place).sort((a, b) => {
      const x = keys[a];
      const y = keys[b];
      // What has no value stays last, whichever way is up; ties keep the order of ranks.
      if (x === null || y === null) return (x === null) - (y === null) || a - b;
      return (x < y ? -direction : x > y ? direction : 0) || a - b;
    });
    order = places.map((place) => rows[place]);
    body.classList.toggle("by-rank", column === 0 && direction === 1);
    draw();
  };
  heads.forEach((head, column) => {
    if (!head.dataset.sort) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    if (column === 0) head.setAttribute("aria-sort", "ascending");
    button.addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      const rising = before ? before !== "ascending" : head.dataset.sort === "rising";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", rising ? "ascending" : "descending");
      arrange(column, rising ? 1 : -1);
    });
  });

  const menus = [...form.querySelectorAll("select")];
  const { search, shown } = form.elements;
  const filter = () => {
    const words = search.value.trim().toLowerCase();
    fitting = new Set(rows.filter((row) => row.cells[1].dataset.v.includes(words)
      && menus.every((menu) => menu.value === "*" || row.dataset[menu.name] === menu.value)));
    shown.textContent = `${fitting.size} of ${rows.length} shown`;
    document.getElementById("nothing").hidden = fitting.size > 0;
  };
  form.hidden = false;
  form.reset();
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { filter(); draw(); });
  filter();
})();

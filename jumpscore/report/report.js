"use strict";
// Sorting, filtering, zoom and tips. The page is whole without all of this.
(() => {
  const form = document.querySelector(".toolbar");
  const list = document.getElementById("samples");
  const tip = document.getElementById("tip");

  if (form && list) {
    // Samples of a long list are text until their page is opened; their attributes are always there.
    const later = document.getElementById("later");
    later?.remove();
    const samples = [...list.children, ...(later?.children ?? [])];
    const PAGE_SAMPLES = 50;
    const cards = new Map();
    const cardOf = (node) => {
      if (node.localName !== "script") return node;
      if (!cards.has(node)) {
        const holder = document.createElement("template");
        holder.innerHTML = node.textContent;
        cards.set(node, holder.content.firstElementChild);
      }
      return cards.get(node);
    };
    let order = samples;
    let fitting = new Set(samples);
    let place = 0; // number of the page
    const bars = new Map(
      [...document.querySelectorAll(".bars a")].map((bar) => [bar.getAttribute("href"), bar]));
    const { sort, turn, status, search, shown, page } = form.elements;
    let rising = true;
    form.hidden = false;

    // Draws the page of the list, or all of a short list.
    const draw = () => {
      if (!later) {
        for (const node of samples) node.hidden = !fitting.has(node);
        list.append(...order);
        return;
      }
      const visible = order.filter((node) => fitting.has(node));
      const pages = Math.max(1, Math.ceil(visible.length / PAGE_SAMPLES));
      place = Math.min(Math.max(place, 0), pages - 1);
      const start = place * PAGE_SAMPLES;
      list.replaceChildren(...visible.slice(start, start + PAGE_SAMPLES).map(cardOf));
      page.textContent = `page ${place + 1} of ${pages}`;
      for (const button of form.querySelectorAll("[data-step]")) {
        button.disabled = place + Number(button.dataset.step) < 0
          || place + Number(button.dataset.step) >= pages;
      }
    };
    const byText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    const arrange = () => {
      const key = sort.value;
      const direction = rising ? 1 : -1;
      const number = (node) => {
        const text = node.getAttribute("data-s" + key);
        return text === null ? null : Number(text);
      };
      const ranked = samples.map((node) => [node, key === "id" ? 0 : number(node)]);
      ranked.sort(([a, x], [b, y]) => {
        if (key === "id") return direction * byText(a.dataset.id, b.dataset.id);
        // What has no value stays last, whichever way is up.
        if (x === null || y === null) {
          return (x === null) - (y === null) || byText(a.dataset.id, b.dataset.id);
        }
        return direction * (x - y) || byText(a.dataset.id, b.dataset.id);
      });
      order = ranked.map(([node]) => node);
      draw();
      for (const [node] of ranked) {
        const bar = bars.get("#" + node.id);
        if (bar) bar.parentNode.append(bar);
      }
      turn.textContent = rising ? "↑ lowest first" : "↓ highest first";
      if (key === "id") turn.textContent = rising ? "↑ A to Z" : "↓ Z to A";
    };
    const bounds = [...form.querySelectorAll("input[data-of]")];
    const within = (node) => bounds.every(({ value, dataset }) => {
      if (value === "") return true;
      const number = Number(node.dataset[dataset.of] ?? NaN);
      return dataset.bound === "min" ? number >= Number(value) : number <= Number(value);
    });
    const filter = () => {
      const words = search.value.trim().toLowerCase();
      fitting = new Set(samples.filter((node) =>
        (!status.value || node.dataset.status.split(" ").includes(status.value))
          && node.dataset.id.toLowerCase().includes(words) && within(node)));
      for (const node of samples) {
        bars.get("#" + node.id)?.classList.toggle("out", !fitting.has(node));
      }
      place = 0;
      draw();
      shown.textContent = `${fitting.size} of ${samples.length} ${later ? "fit" : "shown"}`;
      document.getElementById("nothing").hidden = fitting.size > 0;
    };
    const choose = () => {
      rising = sort.selectedOptions[0].dataset.rising === "1";
      place = 0;
      arrange();
    };
    // The address after # is the state: changed controls, the direction, and an opened sample.
    const controls = [...form.querySelectorAll("select, input")];
    const defaults = new Map();
    const state = (opened) => {
      const words = new URLSearchParams();
      for (const control of controls) {
        if (control.value !== defaults.get(control)) words.set(control.name, control.value);
      }
      if (rising !== (sort.selectedOptions[0].dataset.rising === "1")) words.set("turn", "1");
      if (opened) words.set("sample", opened);
      else if (place) words.set("page", place + 1);
      return words.toString();
    };
    const remember = (opened) => {
      history.replaceState(null, "", `#${state(opened)}`);
      for (const node of [...list.children, ...cards.values()]) {
        node.classList.toggle("here", node.dataset.id === opened);
      }
    };
    const reveal = (id) => {
      const sample = samples.find((one) => one.dataset.id === id);
      if (!sample) return;
      fitting.add(sample);
      const before = order.slice(0, order.indexOf(sample)).filter((one) => fitting.has(one));
      place = Math.trunc(before.length / PAGE_SAMPLES);
      draw();
      remember(id);
      const node = cardOf(sample);
      node.scrollIntoView({ block: "center" });
      node.querySelector("svg, a")?.focus({ preventScroll: true });
    };
    const restore = () => {
      const words = new URLSearchParams(location.hash.slice(1));
      for (const control of controls) {
        control.value = words.get(control.name) ?? defaults.get(control);
        if (control.selectedIndex === -1) control.value = defaults.get(control);
      }
      choose();
      if (words.get("turn") === "1") { rising = !rising; arrange(); }
      filter();
      place = Number(words.get("page") ?? 1) - 1 || 0;
      draw();
      reveal(words.get("sample"));
      revealAnchor();
    };
    // A link to a sample by its place, which may be on another page.
    const revealAnchor = () => {
      const sample = samples.find((one) => `#${one.id}` === location.hash);
      if (sample) reveal(sample.dataset.id);
      return Boolean(sample);
    };
    form.addEventListener("change", () => remember());
    window.addEventListener("hashchange", () => {
      if (document.getElementById(location.hash.slice(1))) return;
      if (!revealAnchor()) restore();
    });
    for (const button of form.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => {
        place += Number(button.dataset.step);
        draw();
        remember();
        list.parentNode.scrollIntoView({ block: "start" });
      });
    }
    list.addEventListener("click", (event) => {
      const link = event.target.closest?.("a[data-open]");
      if (!link) return;
      event.preventDefault();
      reveal(link.closest(".sample").dataset.id);
    });
    sort.addEventListener("change", choose);
    turn.addEventListener("click", () => {
      rising = !rising;
      place = 0;
      arrange();
      remember();
    });
    status.addEventListener("change", filter);
    search.addEventListener("input", filter);
    for (const bound of bounds) bound.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    for (const button of document.querySelectorAll("[data-filter]")) {
      button.addEventListener("click", () => {
        const wanted = button.dataset.filter;
        const known = [...status.options].some((option) => option.value === wanted);
        status.value = known ? wanted : "";
        search.value = "";
        filter();
        remember();
        form.scrollIntoView({ block: "start" });
      });
    }
    for (const button of document.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => {
        list.style.setProperty("--zoom", button.dataset.zoom);
        for (const other of document.querySelectorAll("[data-zoom]")) {
          other.setAttribute("aria-pressed", String(other === button));
        }
      });
    }
    form.reset();
    for (const control of controls) defaults.set(control, control.value);
    restore();
  }

  // Tips: the nearest event within reach of the pointer, so that a thin line need not be hit exactly.
  const SVG = "http://www.w3.org/2000/svg";
  const REACH = 14;
  const WITHIN = 0.3;
  const LANES = { truth: 22, answer: 62 };
  const LIFT = 44; // points that a timeline without truth saves above
  const LANE = 26; // height of a lane in a drawing of several runs
  const DRAWINGS = "svg.timeline[data-end], svg.runs";
  const cache = new WeakMap();
  let current = null;

  const numbers = (text) => (text ? text.split(" ").map(Number) : []);
  const runs = (svg) => {
    const { width, height } = svg.viewBox.baseVal;
    const labels = [...svg.closest(".scroll").querySelectorAll(".lanes span")];
    const all = [];
    for (const path of svg.querySelectorAll(".hits, .dots, .extras")) {
      for (const [, x, y] of path.getAttribute("d").matchAll(/M(\d+) (\d+)/g)) {
        const row = Math.trunc(y / LANE);
        const run = row ? labels[row].textContent : "";
        all.push({
          lane: row ? "answer" : "truth", time: x / 1000, y: (row + 0.5) * LANE, run, partner: null,
        });
      }
    }
    const truth = all.filter((event) => !event.run).map((event) => event.time);
    all.sort((a, b) => a.time - b.time || a.y - b.y);
    return { all, truth, end: width / 1000, judged: true, height };
  };
  const events = (svg) => {
    if (cache.has(svg)) return cache.get(svg);
    if (svg.matches(".runs")) {
      cache.set(svg, runs(svg));
      return cache.get(svg);
    }
    const truth = numbers(svg.dataset.truth);
    const answers = numbers(svg.dataset.answers);
    const all = [
      ...truth.map((time, index) => ({ lane: "truth", time, index, partner: null })),
      ...answers.map((time, index) => ({ lane: "answer", time, index, partner: null })),
    ];
    for (const pair of svg.dataset.pairs ? svg.dataset.pairs.split(" ") : []) {
      const [i, j] = pair.split(":").map(Number);
      all[i].partner = answers[j];
      all[truth.length + j].partner = truth[i];
    }
    const judged = "truth" in svg.dataset;
    const lift = judged ? 0 : LIFT;
    for (const event of all) event.y = LANES[event.lane] - lift;
    const found = {
      all: all.sort((a, b) => a.time - b.time), truth, end: Number(svg.dataset.end), judged,
      height: 80 - lift,
    };
    cache.set(svg, found);
    return found;
  };
  const seconds = (time) => time.toFixed(3).replace(/0$/, "") + " s";
  const signed = (error) => (error < 0 ? "−" : "+") + seconds(Math.abs(error));
  const words = (event, known) => {
    const here = seconds(event.time);
    if (!known.judged) return [`Answered ${here}`];
    if (event.partner !== null) {
      const answered = event.lane === "answer" ? event.time : event.partner;
      const truth = event.lane === "answer" ? event.partner : event.time;
      const error = answered - truth;
      const way = Math.abs(error) < 0.0005 ? "exact" : error < 0 ? "early" : "late";
      const lines = [`Jump ${seconds(truth)}`, `Answered ${seconds(answered)}`];
      return [...lines, way === "exact" ? "Exact" : `Error ${signed(error)} (${way})`];
    }
    if (event.run === "") return [`Jump ${here}`];
    if (event.lane === "truth") return [`Missed jump ${here}`, `No answer within ${WITHIN} s`];
    const nearest = known.truth.reduce(
      (best, time) => (Math.abs(time - event.time) < Math.abs(best - event.time) ? time : best),
      Infinity);
    const away = Number.isFinite(nearest)
      ? `Nearest jump ${seconds(nearest)}, error ${signed(event.time - nearest)}` : "No jumps";
    return [event.run ? `${event.run} answered ${here}` : `Extra answer ${here}`, away];
  };
  const shape = (svg, name, attributes) => {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    svg.append(node);
  };
  const hide = () => {
    tip.hidden = true;
    if (current) for (const node of current.svg.querySelectorAll(".reach, .picked")) node.remove();
    current = null;
  };
  const show = (svg, event) => {
    if (current && current.svg === svg && current.event === event) return;
    hide();
    current = { svg, event };
    const known = events(svg);
    const percent = (time) => `${Math.min(Math.max(time / known.end, 0), 1) * 100}%`;
    if (known.judged) {
      const left = Math.max(0, event.time - WITHIN);
      const right = Math.min(known.end, event.time + WITHIN);
      const width = `${(right - left) / known.end * 100}%`;
      shape(svg, "rect", { class: "reach", x: percent(left), y: 4, width, height: known.height - 4 });
    }
    const at = percent(event.time);
    shape(svg, "line", { class: "picked", x1: at, x2: at, y1: 0, y2: known.height });
    tip.replaceChildren(...words(event, known).map((line) => {
      const row = document.createElement("div");
      row.textContent = line;
      return row;
    }));
    tip.hidden = false;
    const box = svg.getBoundingClientRect();
    const x = box.left + box.width * event.time / known.end;
    const left = Math.min(Math.max(6, x - tip.offsetWidth / 2), innerWidth - tip.offsetWidth - 6);
    const above = box.top - tip.offsetHeight - 6;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 4 ? above : box.bottom + 4}px`;
  };
  const nearest = (svg, x, y) => {
    const known = events(svg);
    const box = svg.getBoundingClientRect();
    let best = null;
    let least = Infinity;
    for (const event of known.all) {
      const aside = Math.abs(box.left + box.width * event.time / known.end - x);
      // The lane decides between events above each other, hardly between neighbours.
      const distance = aside + 0.25 * Math.abs(box.top + event.y - y);
      if (aside <= REACH && distance < least) [best, least] = [event, distance];
    }
    return best;
  };
  const point = (event) => {
    const svg = event.target instanceof Element && event.target.closest(DRAWINGS);
    const found = svg && nearest(svg, event.clientX, event.clientY);
    if (found) show(svg, found);
    else if (current) hide();
  };
  document.addEventListener("pointermove", point);
  document.addEventListener("pointerdown", point);
  document.addEventListener("scroll", hide, { capture: true, passive: true });
  document.addEventListener("focusout", hide);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !event.target.matches?.(DRAWINGS)) return;
    const { all } = events(event.target);
    if (!all.length) return;
    const at = current && current.svg === event.target ? all.indexOf(current.event) : -1;
    const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step;
    event.preventDefault();
    show(event.target, all[Math.min(Math.max(next, 0), all.length - 1)]);
  });
})();

// The filters of the matrix: they live in the URL, so that a link shows what its sender saw.
"use strict";

(() => {
  const form = document.getElementById("filters");
  if (!form || !self.fanoutGrid) return;
  const { data, details, many, make, signOf, spread, choose } = self.fanoutGrid;
  const also = data.also.map(spread);
  const { packs, refs } = data;
  const NOTHING = " ", LISTED = 12;
  let filter = readFilter();

  function readFilter() {
    const asked = new URLSearchParams(location.search);
    const get = (name) => (asked.get(name) ?? "").trim();
    return {
      pack: get("pack"), ref: get("ref"), outcome: get("outcome"), verdict: get("verdict"),
      q: get("q") || get("symbol"),
    };
  }

  const isFiltered = () => Object.values(filter).some(Boolean);

  function refMatches(ref) {
    const asked = filter.ref.toLowerCase();
    if (!asked) return true;
    const [name, version] = refs[ref];
    return name === asked || version === asked || version.startsWith(`${asked}.`)
      || name === `core_${asked}` || name === `core_v${asked.replace(/^v/, "").replaceAll(".", "")}`;
  }

  // The promises that the search asks for, by pack; null while it asks for none. A word may be part
  // of anything that is said of a promise, and a line may be pasted with more around it.
  function askedPromises() {
    if (!filter.q) return null;
    const index = (self.fanoutData ?? {}).promises;
    const wanted = filter.q.toLowerCase().split(/\s+/).filter(Boolean);
    const pasted = wanted.join(" ");
    const found = new Map();
    for (const [pack, promises] of Object.entries(index?.packs ?? {})) {
      for (const [file, name, says, pins, broken, at] of promises) {
        const symbols = pins.map((one) => index.symbols[one]);
        const error = (index.errors[at] ?? "").toLowerCase();
        const text = `${index.files[file]}::${name}\n${says}\n${symbols.join("\n")}`.toLowerCase();
        const inError = error && (pasted.includes(error) || wanted.every((word) => error.includes(word)));
        if (!inError && !wanted.every((word) => text.includes(word))) continue;
        const columns = new Set();
        for (let at = 0; at < broken.length; at += 2) {
          for (let ref = 0; ref < broken[at + 1]; ref++) columns.add(broken[at] + ref);
        }
        if (!found.has(pack)) found.set(pack, []);
        found.get(pack).push({ pack, name: says || name, columns, error: inError ? index.errors[at] : "" });
      }
    }
    return { found, wanted };
  }

  function detailMatches(row, ref, wanted) {
    const at = details[row]?.[ref] ?? -1;
    if (at < 0 || !wanted.length) return false;
    const text = data.details[at][0].toLowerCase();
    return wanted.every((word) => text.includes(word));
  }

  // A cell shows the gravest of its verdicts, and is found by each of them.
  const hasVerdict = (row, ref, sign) =>
    data.verdict[row][ref] === sign || data.alsos[also[row][ref]].includes(sign);

  // What the filters leave of the grid, and how many of how many cells.
  function narrowed() {
    const outcome = filter.outcome && (signOf(data.outcomes, filter.outcome) ?? "-");
    const verdict = filter.verdict && (signOf(data.verdicts, filter.verdict) ?? "-");
    const asked = askedPromises();
    const byName = !outcome && !verdict && !asked;
    const inRefs = refs.map((_, ref) => refMatches(ref));
    const cells = packs.map(() => new Set());
    let count = 0, all = 0;
    packs.forEach(([pack], row) => {
      const promises = asked?.found.get(pack) ?? [];
      for (let ref = 0; ref < refs.length; ref++) {
        const sign = data.outcome[row][ref];
        if (sign === NOTHING) continue;
        all++;
        if ((filter.pack && pack !== filter.pack) || !inRefs[ref]) continue;
        if ((outcome && sign !== outcome) || (verdict && !hasVerdict(row, ref, verdict))) continue;
        const broken = promises.some(({ columns }) => columns.has(ref));
        if (asked && !broken && !detailMatches(row, ref, asked.wanted)) continue;
        cells[row].add(ref);
        count++;
      }
    });
    // A promise that is broken nowhere is an answer as well: the row of its pack is shown.
    const rows = packs.map((_, row) => row).filter((row) => cells[row].size
      || ((byName || asked?.found.has(packs[row][0])) && (!filter.pack || packs[row][0] === filter.pack)));
    const mentioned = count === 0 && rows.length > 0;
    const columns = refs.map((_, ref) => inRefs[ref]
      && (byName || mentioned || rows.some((row) => cells[row].has(ref))));
    return { rows, columns, has: (row, ref) => cells[row].has(ref), count, all, asked };
  }

  function say({ count, all, asked }) {
    const shown = `${count} of ${many(all, "cell")} shown`;
    document.getElementById("shown").textContent =
      count || !isFiltered() ? `${shown}.`
      : asked?.found.size ? `What matches is broken nowhere that the filters allow: ${shown}.`
      : `No cell is like that: ${shown}.`;
    document.getElementById("clear").hidden = !isFiltered();
    const list = document.getElementById("matches");
    const matches = [...(asked?.found.values() ?? [])].flat()
      .filter(({ pack }) => !filter.pack || pack === filter.pack)
      .sort((left, right) => right.columns.size - left.columns.size);
    list.hidden = !matches.length;
    list.replaceChildren(...matches.slice(0, LISTED).map(match));
    if (matches.length > LISTED) {
      list.append(make("li", "quiet", `and ${many(matches.length - LISTED, "further promise")}`));
    }
  }

  function match({ pack, name, columns, error }) {
    const item = make("li");
    const link = make("a", "", pack);
    link.href = `${data.root}packs/${pack}.html`;
    const where = columns.size ? `broken on ${many(columns.size, "Core")}` : "broken nowhere";
    item.append(link, ` ${name} `, make("span", `word ${columns.size ? "failed" : "passed"}`, where));
    if (error) item.append(" ", make("code", "", error));
    return item;
  }

  function address() {
    const asked = new URLSearchParams();
    for (const [name, value] of Object.entries(filter)) if (value) asked.set(name, value);
    return asked.size ? `?${asked}` : "";
  }

  function apply(remember) {
    for (const name of Object.keys(filter)) filter[name] = form.elements[name].value.trim();
    history[remember ? "pushState" : "replaceState"](null, "", location.pathname + address());
    showFiltered();
  }

  function showFiltered() {
    const [latest] = document.querySelectorAll('[data-permalink="latest"]');
    if (latest) latest.href = location.pathname.split("/").pop() + address();
    const now = narrowed();
    choose(now);
    say(now);
  }

  function fill() {
    filter = readFilter();
    for (const [name, value] of Object.entries(filter)) {
      const field = form.elements[name];
      // A link may ask for what is not among the choices: then nothing is like that.
      if (value && field.tagName === "SELECT" && ![...field.options].some((one) => one.value === value)) {
        field.append(new Option(value, value));
      }
      field.value = value;
    }
  }

  function start() {
    form.hidden = false;
    fill();
    form.addEventListener("submit", (event) => { event.preventDefault(); apply(true); });
    form.addEventListener("input", (event) => apply(event.target.tagName === "SELECT"));
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !event.target.value || event.target.tagName === "SELECT") return;
      event.preventDefault();
      event.target.value = "";
      apply(false);
    });
    document.getElementById("clear").addEventListener("click", () => {
      for (const name of Object.keys(filter)) form.elements[name].value = "";
      apply(true);
      form.elements.q.focus();
    });
    addEventListener("popstate", () => { fill(); showFiltered(); });
    if (isFiltered()) showFiltered(); else say(narrowed());
    if (location.hash === "#search") form.elements.q.focus();
    // The promises come last, so that nobody waits for them.
    document.addEventListener("DOMContentLoaded", () => {
      if (filter.q) showFiltered();
    });
  }

  start();
})();

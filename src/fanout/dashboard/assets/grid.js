// A grid of packs and Core refs: drawn from the page's data, folded by line and content, walked by keys.
"use strict";

(() => {
  const place = document.getElementById("matrix");
  const source = document.getElementById("grid");
  if (!place || !source) return;
  const data = JSON.parse(source.textContent);
  const { packs, refs } = data;
  const base = Date.parse(data.base);
  const NOT_RUN = "n", NOTHING = " ", PASSED = "p", MINUTE = 60000;
  const LEAST_COLUMNS = 2, COLUMN = 84, FIRST_COLUMN = 130; // in pixels, to guess what fits
  const LINGER = 200; // milliseconds in which the pointer may reach the detail

  // [value, times, value, times] as one value a place.
  const spread = (pairs) => {
    const found = [];
    for (let at = 0; at < pairs.length; at += 2) {
      for (let times = pairs[at + 1]; times > 0; times--) found.push(pairs[at]);
    }
    return found;
  };
  const details = data.detail.map(spread), says = data.says.map(spread), newest = data.newest.map(spread);
  const earlier = data.earlier.map(spread), ran = data.ran.map(spread);
  let start = 0;
  const groups = data.groups.map(([title, kind, count]) => {
    const group = { title, kind, refs: Array.from({ length: count }, (_, at) => start + at) };
    start += count;
    return group;
  });
  const kindOf = groups.flatMap((group) => group.refs.map(() => group.kind));
  groups.sort((one, other) => (other.kind === "candidate") - (one.kind === "candidate"));
  const cellOf = (row, ref) => `${packs[row][0]}-${refs[ref][0]}`;
  const shownRef = (ref) => refs[ref]?.[1] || refs[ref]?.[0].replace(/^core_/, "") || "";
  const many = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  const make = (tag, name, text) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  // What is open: lines as the reader left them, runs of equal content that are taken apart.
  const opened = new Map(), apart = new Set();
  // Which rows and columns are shown, and which cells of each row are meant.
  let choice = {
    rows: packs.map((_, row) => row),
    columns: refs.map(() => true),
    has: () => true,
  };
  let lines = []; // of the table: [{element, start, end}] for each of its rows
  let places = new WeakMap(); // of what takes the focus: {row, start, end}
  let told = new WeakMap(); // what the detail says of an element
  let focused = { row: 0, column: 1 }, stop = null; // where Tab enters the grid

  // Neighbours of one content: [[4], [5, 6, 7]].
  function runsOf(members) {
    const found = [];
    for (const ref of members) {
      const last = found.at(-1);
      const same = last && refs[ref][3] >= 0 && refs[last[0]][3] === refs[ref][3];
      if (same) last.push(ref); else found.push([ref]);
    }
    return found;
  }

  const lookAlike = (run) => choice.rows.every((row) => run.every((ref) =>
    says[row][ref] === says[row][run[0]]
    && choice.has(row, ref) === choice.has(row, run[0])));

  function columnsOf(members) {
    return runsOf(members).flatMap((run) => {
      if (run.length === 1) return [{ refs: run }];
      const key = refs[run[0]][0], alike = lookAlike(run);
      if (alike && !apart.has(key)) return [{ refs: run, same: run, key }];
      return run.map((ref) => ({ refs: [ref], same: run, key, alike }));
    });
  }

  // The lines of Core, the oldest of them as one where there is no room for a column of each.
  function merged(room) {
    const there = groups.filter((group) => group.refs.some((ref) => choice.columns[ref]));
    if (there.length <= room || opened.has("older")) return there;
    const rest = there.slice(room - 1).flatMap((group) => group.refs);
    return [...there.slice(0, room - 1), { title: "older", kind: "line", refs: rest }];
  }

  // The headings with their columns: what is newest is open, as far as the window is wide.
  function layout(room) {
    let used = 0;
    return merged(room).flatMap((group) => {
      const members = group.refs.filter((ref) => choice.columns[ref]);
      if (!members.length) return [];
      const columns = columnsOf(members);
      const fits = used + columns.length <= room && group.kind === "line";
      const open = columns.length === 1 || (opened.get(group.title) ?? fits);
      const part = opened.has(group.title) || group.kind !== "line" ? [] : columns.slice(0, Math.max(0, room - used - 1));
      const rest = members.filter((ref) => !part.some((column) => column.refs.includes(ref)));
      const shown = open ? columns : [...part, { refs: rest, summary: group }];
      used += shown.length;
      return [{ group, members, columns: shown, open, foldable: columns.length > 1 }];
    });
  }

  // Nothing is cut off: what does not fit beside the newest is folded.
  function draw() {
    let room = Math.max(LEAST_COLUMNS, Math.ceil((place.parentElement.clientWidth - FIRST_COLUMN) / COLUMN));
    do table(room--); while (room >= LEAST_COLUMNS && place.scrollWidth > place.clientWidth);
    stop = (at(focused.row, focused.column) ?? at(headRows(), 1))?.element;
    if (stop) stop.tabIndex = 0;
  }

  function table(room) {
    const headings = choice.rows.length ? layout(room) : [];
    const columns = headings.flatMap((heading) => heading.columns);
    const drawn = make("table", "grid");
    drawn.setAttribute("role", "grid");
    drawn.setAttribute("aria-label", place.dataset.label);
    told = new WeakMap();
    places = new WeakMap();
    lines = [];
    drawn.append(head(headings, columns), rowsOf(columns));
    place.replaceChildren(...(columns.length ? [drawn] : []));
    place.parentElement.hidden = !columns.length;
  }

  const headRows = () => lines.findIndex((line) => line.body);

  function line(element, body) {
    const found = [];
    found.body = body;
    lines.push(found);
    return { element, found, row: lines.length - 1 };
  }

  // A cell of the table, with what takes the focus in it.
  function put({ element, found, row }, cell, column, span, inside) {
    const focus = inside ?? cell;
    focus.tabIndex = -1;
    if (span > 1) cell.colSpan = span;
    if (inside && !inside.parentNode) cell.append(inside);
    element.append(cell);
    found.push({ element: focus, start: column, end: column + span });
    places.set(focus, { row, start: column, end: column + span });
  }

  function head(headings, columns) {
    const section = make("thead");
    const bracketed = columns.some((column) => column.same);
    const rows = Array.from({ length: bracketed ? 3 : 2 }, () => line(make("tr"), false));
    const corner = make("th", "corner", "pack");
    corner.scope = "col";
    corner.rowSpan = rows.length;
    corner.tabIndex = -1;
    rows[0].element.append(corner);
    for (const { found } of rows) found.push({ element: corner, start: 0, end: 1 });
    places.set(corner, { row: 0, start: 0, end: 1 });
    let column = 1;
    for (const heading of headings) {
      const cell = make("th", `minor${heading.group.kind === "line" ? "" : ` ${heading.group.kind}`}`);
      cell.scope = "colgroup";
      put(rows[0], cell, column, heading.columns.length, lineHead(heading));
      column += heading.columns.length;
    }
    column = 1;
    for (let place = 0; place < columns.length; place++) {
      const one = columns[place];
      const first = one.same && columns[place - 1]?.key !== one.key;
      // Of what has one content some may be folded, with what is older.
      if (first) bracket(rows[1], one, column, columns.filter((other) => other.key === one.key).length);
      refHead(rows, bracketed && !one.same ? 1 : rows.length - 1, one, column);
      column++;
    }
    section.append(...rows.map(({ element }) => element));
    return section;
  }

  function lineHead({ group, members, open, foldable }) {
    const title = make(foldable ? "button" : "span", "fold");
    title.append(make("strong", "", group.title));
    title.append(members.length > 1 ? make("span", "quiet", ` ${members.length} Cores`) : "");
    if (!foldable) return title;
    title.type = "button";
    title.setAttribute("aria-expanded", String(open));
    title.addEventListener("click", () => toggle(() => opened.set(group.title, !open)));
    return title;
  }

  function bracket(row, column, place, span) {
    const cell = make("th", "same");
    cell.scope = "colgroup";
    const folded = column.refs.length > 1;
    const says = `${column.same.length} Cores, same content`;
    let inside = make("span", "", says);
    if (folded || column.alike) {
      inside = make("button", "fold", says);
      inside.type = "button";
      inside.setAttribute("aria-expanded", String(!folded));
      inside.addEventListener("click", () => toggle(() => {
        if (folded) apart.add(column.key); else apart.delete(column.key);
      }));
    }
    put(row, cell, place, span, inside);
  }

  function refHead(rows, from, column, place) {
    const cell = make("th", column.same ? "ref in-same" : "ref");
    cell.scope = "col";
    const [ref] = column.refs, last = column.refs.at(-1);
    let inside = null;
    if (column.summary) {
      cell.append(make("span", "quiet", `${many(column.refs.length, "Core")}, folded`));
    } else if (column.refs.length > 1) {
      inside = make("a", "", `${shownRef(last)} to ${shownRef(ref)}`);
    } else {
      inside = make(refs[ref][5] ? "a" : "span", "", shownRef(ref));
    }
    if (!column.summary && refs[ref][6]) {
      inside = make("a", "", shownRef(ref));
      inside.href = refs[ref][6].split("?")[0];
    } else if (inside?.tagName === "A") {
      inside.href = `${data.root}refs/${refs[ref][0]}.html`;
      inside.title = refs[ref][0];
    }
    cell.rowSpan = rows.length - from;
    put(rows[from], cell, place, 1, inside);
    const { element } = rows[from].found.at(-1);
    for (const { found } of rows.slice(from + 1)) {
      found.push({ element, start: place, end: place + 1 });
    }
    if (!column.summary && refs[ref][2]) cell.append(make("span", "source", refs[ref][2]));
  }

  function rowsOf(columns) {
    const section = make("tbody");
    for (const row of choice.rows) {
      const [pack, note, known, page] = packs[row];
      const into = line(make("tr", known ? "" : "gone"), true);
      const cell = make("th", "pack");
      cell.scope = "row";
      const name = make(page ? "a" : "span", "", pack);
      if (page) name.href = `${data.root}packs/${pack}.html`;
      put(into, cell, 0, 1, name);
      if (note) cell.append(make("span", "pack-note", note));
      columns.forEach((column, at) => box(into, row, column, at + 1));
      section.append(into.element);
    }
    for (const one of lines) one.sort((left, right) => left.start - right.start);
    return section;
  }

  const signOf = (words, word) => Object.keys(words).find((sign) => words[sign][1] === word);
  const worst = (signs) => Object.keys(data.outcomes).find((sign) => signs.includes(sign));

  function box(into, row, column, place) {
    const cell = make("td");
    const there = column.refs.filter((ref) => data.outcome[row][ref] !== NOTHING);
    if (!there.length) {
      cell.append(make("span", "hidden-text", "nothing here"));
      put(into, cell, place, 1);
      return;
    }
    const signs = there.map((ref) => data.outcome[row][ref]);
    const hit = there.some((ref) => choice.has(row, ref));
    const sign = worst(signs), [ref] = there;
    const inside = column.summary ? make("button") : make(sign === NOT_RUN ? "span" : "a");
    const looks = there.map((ref) => data.words[says[row][ref]]);
    const [, look] = looks.find(([, one]) => one === "regressed")
      ?? looks.find((_, at) => signs[at] === sign && looks[at][1] !== "passed") ?? looks[signs.indexOf(sign)];
    inside.className = `box ${look || "not-run"}${hit ? "" : " aside"}`;
    inside.append(...sayBox(sign, column, signs, looks), ...(look === "regressed" ? [] : turns(row, there)));
    if (!column.summary && ran[row][ref] >= 0) {
      const taken = make("span", "taken", data.taken);
      taken.setAttribute("aria-label", "taken over");
      taken.setAttribute("role", "img");
      inside.append(" ", taken);
    }
    if (column.summary) {
      inside.type = "button";
      inside.addEventListener("click", () => toggle(() => opened.set(column.summary.title, true)));
    } else if (inside.tagName === "A") {
      inside.href = (refs[ref][6] || data.link).replace("{}", cellOf(row, ref));
      inside.dataset.cell = cellOf(row, ref);
    }
    told.set(inside, { row, column, there, signs });
    put(into, cell, place, 1, inside);
  }

  function sayBox(sign, column, signs, looks) {
    const [says, , glyph] = looks[0];
    const word = data.outcomes[sign][1];
    const mark = make("span", "glyph", column.summary ? data.outcomes[sign][0] : glyph);
    mark.setAttribute("aria-hidden", "true");
    if (sign === NOT_RUN) return [make("span", "hidden-text", word)];
    if (!column.summary) {
      const [first, ...more] = says.split(", ");
      return [mark, ` ${first}`, ...more.map((one) => make("span", "more", one))];
    }
    const count = signs.filter((one) => one === sign).length;
    const known = sign === PASSED ? looks.filter(([, look]) => look === "known-break").length : 0;
    if (known) return [make("span", "glyph", data.known), ` ${known} of ${signs.length} known`];
    return [mark, count === signs.length ? ` all ${count} ${word}` : ` ${count} of ${signs.length} ${word}`];
  }

  // Where a promise broke, or was mended, beside the Core ref before.
  function turns(row, there) {
    const found = new Set(there.map((ref) => data.verdict[row][ref]));
    return ["regressed", "fixed"].filter((word) => found.has(signOf(data.verdicts, word)))
      .flatMap((word) => {
        const mark = make("span", "turn", data.verdicts[signOf(data.verdicts, word)][0]);
        mark.setAttribute("aria-hidden", "true");
        return [" ", mark, make("span", "hidden-text", word)];
      });
  }

  // Change what is open, draw again, and leave the focus where it was, as nearly as may be.
  function toggle(change) {
    hide();
    change();
    draw();
    at(focused.row, focused.column)?.element.focus();
  }

  const detail = make("div");
  detail.id = "detail";
  detail.setAttribute("role", "tooltip");
  detail.hidden = true;
  let described = null, leaving = 0;

  const ago = (minutes) => self.fanoutPage.ago((Date.now() - base) / 1000 + minutes * 60);

  function show(inside) {
    clearTimeout(leaving);
    if (described === inside) return;
    hide();
    detail.replaceChildren(...detailOf(told.get(inside)));
    detail.hidden = false;
    described = inside;
    inside.setAttribute("aria-describedby", detail.id);
    const around = inside.getBoundingClientRect(), own = detail.getBoundingClientRect();
    const below = around.bottom + own.height + 8 < innerHeight || around.top < own.height + 8;
    const top = below ? around.bottom : around.top - own.height;
    const left = Math.max(8, Math.min(around.left, document.documentElement.clientWidth - own.width - 8));
    detail.style.setProperty("top", `${top + scrollY}px`);
    detail.style.setProperty("left", `${left + scrollX}px`);
  }

  function hide() {
    clearTimeout(leaving);
    described?.removeAttribute("aria-describedby");
    described = null;
    detail.hidden = true;
  }

  function detailOf({ row, column, there, signs }) {
    const [pack, note] = packs[row], [ref] = there;
    if (column.summary) {
      const counts = Object.entries(data.outcomes)
        .map(([sign, [, word]]) => [signs.filter((one) => one === sign).length, word])
        .filter(([count]) => count).map(([count, word]) => `${count} ${word}`);
      return [
        make("strong", "", `${pack} on ${column.summary.title}`),
        make("p", "", `${many(there.length, "Core")}: ${counts.join(", ")}. Enter opens them.`),
      ];
    }
    const [glyph, word] = data.outcomes[signs[0]];
    const against = shownRef(refs[ref][4]), judged = data.verdicts[data.verdict[row][ref]];
    const said = [];
    if (judged && against) said.push(`${judged[1]}, beside Core ${against}`);
    const known = details[row][ref] >= 0 ? data.details[details[row][ref]] : null;
    const listed = signs[0] === PASSED ? ", and listed as known breaks" : "";
    if (known) said.push(known[1] > 1 ? `${known[1]} promises are broken${listed}, first: ${known[0]}` : `${listed && "Known break: "}${known[0]}`);
    if (signs[0] === NOT_RUN) said.push("In the matrix, and no run has it yet.");
    else if (signs[0] !== PASSED) said.push(begun(row, ref, signs[0]));
    if (newest[row][ref] >= 0) said.push(`last run ${ago(newest[row][ref])}`);
    if (ran[row][ref] >= 0) said.push(`${data.taken} Taken over from a cell that is the same: it really ran ${ago(ran[row][ref])}.`);
    if (earlier[row][ref]) said.push("It ran with an earlier content of the pack.");
    if (there.length > 1) said.push(`${there.length} Cores of the same content look like this.`);
    if (note) said.push(`The pack is ${note}.`);
    return [
      make("strong", "", `${glyph} ${word}: ${pack} on ${kindOf[ref] === "candidate" ? "" : "Core "}${shownRef(ref)}`),
      ...said.filter(Boolean).map((text) => make("p", "", text)),
    ];
  }

  // Since which Core it is so: when this machine first saw it says nothing of that.
  function begun(row, ref, sign) {
    if (kindOf[ref] !== "line") return "";
    let first = ref, older = ref;
    while (kindOf[older] === "line" && data.outcome[row][older] !== PASSED) {
      if (data.outcome[row][older] === sign) first = older;
      older++;
    }
    const green = kindOf[older] === "line" ? `last green on Core ${shownRef(older)}` : "no older Core is green";
    return `${data.outcomes[sign][1]} since Core ${shownRef(first)}, ${green}`;
  }

  const at = (row, column) =>
    lines[row]?.find(({ start, end }) => start <= column && column < end);

  function go(row, column) {
    const there = at(row, column);
    if (!there) return;
    focused = { row, column };
    there.element.focus();
  }

  function move(event) {
    const here = places.get(event.target);
    if (!here || event.altKey || event.metaKey) return;
    const column = Math.min(Math.max(focused.column, here.start), here.end - 1);
    let { row } = here;
    const last = lines[row].at(-1).end - 1;
    // What spans several rows is one stop.
    const beyond = (step) => {
      do row += step; while (at(row, column)?.element === event.target);
      return row;
    };
    switch (event.key) {
      case "ArrowLeft": go(row, here.start - 1); break;
      case "ArrowRight": go(row, here.end); break;
      case "ArrowUp": go(beyond(-1), column); break;
      case "ArrowDown": go(beyond(1), column); break;
      case "Home": go(event.ctrlKey ? headRows() : row, 0); break;
      case "End": go(event.ctrlKey ? lines.length - 1 : row, last); break;
      case "Escape": hide(); break;
      default: return;
    }
    event.preventDefault();
  }

  function focusIn(event) {
    const here = places.get(event.target);
    if (!here) return;
    const column = Math.min(Math.max(focused.column, here.start), here.end - 1);
    focused = { row: here.row, column };
    if (stop) stop.tabIndex = -1;
    stop = event.target;
    stop.tabIndex = 0;
    if (told.has(stop)) show(stop); else hide();
  }

  const boxOf = (event) => event.target.closest?.(".box");
  const leave = () => { leaving = setTimeout(hide, LINGER); };

  place.addEventListener("keydown", move);
  place.addEventListener("focusin", focusIn);
  place.addEventListener("focusout", leave);
  place.addEventListener("pointerover", (event) => { if (boxOf(event)) show(boxOf(event)); });
  place.addEventListener("pointerout", (event) => { if (boxOf(event)) leave(); });
  detail.addEventListener("pointerenter", () => clearTimeout(leaving));
  detail.addEventListener("pointerleave", leave);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  document.body.append(detail);

  // Show other rows, columns and cells than all of them.
  function choose(other) {
    hide();
    choice = other;
    draw();
  }

  self.fanoutGrid = { data, details, many, make, shownRef, signOf, spread, choose };
  draw();
})();

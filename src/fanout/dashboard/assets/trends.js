// Draws the trends of every pack from its strips.
"use strict";

(() => {
  const { read, draw, write, small, median, durations, lasted, since, when, counted } = self.fanoutStrips;
  const root = document.body.dataset.root;
  const MOST_OPEN = 120; // rows that are drawn at once; of more, each line waits to be opened
  const GONE = "no longer in the matrix";

  function link(path, text) {
    const found = write("a", text);
    found.href = root + path;
    return found;
  }

  function row(...cells) {
    const found = document.createElement("tr");
    cells.forEach((content, place) => {
      const cell = document.createElement(place ? "td" : "th");
      if (!place) cell.scope = "row";
      cell.append(content);
      found.append(cell);
    });
    return found;
  }

  function table(caption, heads, rows) {
    const found = document.createElement("table");
    found.className = "stacked";
    const head = found.createTHead().insertRow();
    for (const text of heads) {
      const cell = write("th", text);
      cell.scope = "col";
      head.append(cell);
    }
    found.createCaption().textContent = caption;
    const body = found.createTBody();
    body.append(...rows);
    for (const { cells } of rows) {
      [...cells].slice(1).forEach((cell, place) => { cell.dataset.says = heads[place + 1]; });
    }
    const scroll = document.createElement("div");
    scroll.className = "scroll";
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", caption);
    scroll.append(found);
    return scroll;
  }

  // Of each run the pack's cells that passed, of those that the pack supports.
  function rates(pack) {
    const runs = pack.runs.map(([id, at]) => ({ id, at, passed: 0, cells: 0 }));
    const places = new Map(runs.map((run) => [run.id, run]));
    for (const cell of pack.cells.values()) {
      for (const attempt of cell.attempts) {
        if (attempt.outcome === "unsupported") continue;
        const run = places.get(attempt.run);
        run.cells += 1;
        run.passed += attempt.outcome === "passed";
      }
    }
    return runs.filter((run) => run.cells)
      .map((run) => ({ ...run, rate: (100 * run.passed) / run.cells }));
  }

  function percent(rate) {
    // Neither all nor nothing may be the work of rounding.
    if (rate > 99 && rate < 100) return "over 99%";
    if (rate > 0 && rate < 1) return "under 1%";
    return `${Math.round(rate)}%`;
  }

  function line(runs, says, room) {
    const WIDE = Math.min(640, room), HIGH = 120, LEFT = 44, TOP = 10, BOTTOM = 12;
    const x = (place) => LEFT + (runs.length > 1 ? (place * (WIDE - LEFT - 8)) / (runs.length - 1) : 0);
    const y = (rate) => TOP + ((100 - rate) * (HIGH - TOP - BOTTOM)) / 100;
    const picture = draw("svg", {
      class: "line", role: "img", "aria-label": says, viewBox: `0 0 ${WIDE} ${HIGH}`,
      width: WIDE, height: HIGH,
    });
    for (const rate of [0, 50, 100]) {
      const label = draw("text", { x: LEFT - 8, y: y(rate) + 4 });
      label.textContent = `${rate}%`;
      picture.append(label, draw("path", { class: "grid", d: `M${LEFT} ${y(rate)}H${WIDE - 4}` }));
    }
    const points = runs.map((run, place) => `${x(place).toFixed(1)},${y(run.rate).toFixed(1)}`);
    picture.append(draw("polyline", { points: points.join(" ") }));
    runs.forEach((run, place) => {
      picture.append(draw("circle", { cx: x(place).toFixed(1), cy: y(run.rate).toFixed(1), r: 3 }));
    });
    return picture;
  }

  function passRate(pack, room) {
    const every = rates(pack);
    const most = Math.max(...every.map((run) => run.cells));
    const runs = every.filter((run) => run.cells * 2 >= most);
    if (!runs.length) return [write("p", "No run judged a cell that the pack supports.", "note")];
    const lowest = runs.reduce((one, other) => (other.rate < one.rate ? other : one));
    const newest = runs.at(-1);
    const partial = every.length - runs.length;
    const says = `Passed in the newest run: ${percent(newest.rate)} of ${counted(newest.cells, "cell")}`
      + (runs.length > 1 ? `; in the oldest shown ${percent(runs[0].rate)}, in the worst ${percent(lowest.rate)}` : "")
      + (partial ? `. ${counted(partial, "run")} of fewer than half of the cells: in the table alone` : "");
    const details = document.createElement("details");
    details.append(write("summary", `The same of ${counted(every.length, "run")} as a table`));
    details.append(table(`What passed of ${pack.name} in each run, newest first`,
      ["Run, UTC", "Passed", "Of cells", "Share"],
      every.reverse().map((run) => row(
        link(`runs/${run.id}.html`, when(run.at)), String(run.passed), String(run.cells), percent(run.rate),
      ))));
    return [...(runs.length > 1 ? [line(runs, says, room)] : []), write("p", `${says}.`), details];
  }

  // How the newer half of the attempts compares with the older one.
  function trend(took) {
    if (took.length < 6) return "";
    const half = took.length >> 1;
    const [before, after] = [median(took.slice(0, half)), median(took.slice(half))];
    const change = Math.round((100 * (after - before)) / before);
    if (!Number.isFinite(change) || Math.abs(change) < 25) return ", steady";
    return change > 0 ? `, ↑ ${change}% slower` : `, ↓ ${-change}% quicker`;
  }

  function toGreen(cell) {
    const said = (cell.green ?? []).length
      ? [`${lasted(median(cell.green))}${cell.green.length > 1 ? `, at most ${lasted(Math.max(...cell.green))}` : ""}`]
      : [];
    if (cell.red) said.push(`red for ${since(cell.red)}`);
    return said.join("; ") || "never red";
  }

  function cellRow(cell) {
    const took = durations(cell.attempts);
    const name = document.createElement("span");
    const word = write("span", `${cell.glyph} ${cell.says}`.trim(), `word ${cell.look.replaceAll(" ", "-")}`);
    name.append(link(`cells/${cell.name}.html`, cell.core), " ", word);
    return row(
      name,
      small(cell),
      cell.flaky ? `${cell.flaky[0]} of ${cell.flaky[1]}` : "no",
      toGreen(cell),
      took.length ? lasted(median(took)) + trend(took) : "not known",
    );
  }

  function lines(pack) {
    const found = new Map();
    for (const cell of pack.cells.values()) {
      const name = cell.gone ? GONE : /^\d+\.\d+/.exec(cell.core)?.[0] ?? "other";
      found.set(name, [...(found.get(name) ?? []), cell]);
    }
    return found;
  }

  function lineOf(pack, name, cells, open) {
    const details = document.createElement("details");
    const flaky = cells.filter((cell) => cell.flaky).length;
    const red = cells.filter((cell) => cell.red).length;
    const says = [
      counted(cells.length, "cell"), flaky ? `${flaky} flaky` : "none flaky",
      red ? `${red} red now` : "none red",
    ];
    details.append(write("summary", `${name === GONE ? "No longer in the matrix" : `Core ${name}`}: ${says.join(", ")}`));
    const show = () => {
      if (details.querySelector("table")) return;
      details.append(table(`${pack.name} on Core ${name}, newest first`,
        ["Core", "Last runs, oldest first", "Flaky", "Time to green", "Duration"],
        cells.map(cellRow)));
    };
    details.addEventListener("toggle", show);
    if (open) {
      show();
      details.open = true;
    }
    return details;
  }

  function numbers(found) {
    const cells = found.flatMap((pack) => [...pack.cells.values()]);
    const shown = document.getElementById("numbers");
    const top = (value) => cells.reduce(
      (best, cell) => (value(cell) > (best ? value(best) : 0) ? cell : best), null);
    const flaky = cells.filter((cell) => cell.flaky).length;
    const flakiest = top((cell) => (cell.flaky ? cell.flaky[0] / cell.flaky[1] : 0));
    const reddest = top((cell) => (cell.red ? Date.now() / 1000 - cell.red : 0));
    const slowest = top((cell) => median(durations(cell.attempts)) ?? 0);
    const say = (term, cell, text, none) => {
      const value = document.createElement("dd");
      if (cell) value.append(link(`cells/${cell.name}.html`, `${cell.pack} on Core ${cell.core}`), `, ${text(cell)}`);
      else value.append(none);
      shown.append(write("dt", term), value);
    };
    say("Flaky cells", null, null, `${flaky} of ${cells.length}`);
    say("The flakiest", flakiest, (cell) => `${cell.flaky[0]} of ${cell.flaky[1]} attempts disagree`, "none");
    say("Red for longest", reddest, (cell) => `for ${since(cell.red)}`, "none is red");
    say("The slowest", slowest, (cell) => `median ${lasted(median(durations(cell.attempts)))}`, "not known");
  }

  const sections = [...document.querySelectorAll(".trend")];
  const found = sections.map((section) => read(section.dataset.pack)).filter(Boolean);
  const newest = found.map((pack) => [...lines(pack).values()][0]?.length ?? 0);
  const open = newest.reduce((sum, count) => sum + count, 0) <= MOST_OPEN;
  if (found.length) numbers(found);
  for (const section of sections) {
    const pack = read(section.dataset.pack);
    if (!pack?.cells.size) {
      section.append(write("p", "No runs.", "note"));
      continue;
    }
    section.append(...passRate(pack, section.clientWidth));
    let first = open;
    for (const [name, cells] of lines(pack)) {
      section.append(lineOf(pack, name, cells, first));
      first = false;
    }
  }
})();

// Draws what the last runs said: the bars of a cell, and a promise over the Cores and in time.
"use strict";

(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const MOST_NAMED = 5, LONGEST_NAME = 200;
  const MINUTE = 60, HOUR = 3600, DAY = 86400;
  const OUTCOMES = {
    p: ["passed", "✓"], f: ["failed", "✗"], e: ["errored", "!"], m: ["missing", "?"],
    u: ["unsupported", "–"],
  };
  // The worse a standing is, the higher its bar; what is not known is hollow.
  const STANDINGS = {
    k: ["kept", 5], b: ["broken", 16], l: ["known break", 11], n: ["not applicable", 1],
    s: ["unsupported", 1], a: ["absent", 0], u: ["unknown", 16],
  };
  const root = document.body.dataset.root;
  const packs = new Map();

  function draw(name, attributes, ...children) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  function write(name, text, className = "") {
    const element = document.createElement(name);
    element.textContent = text;
    if (className) element.className = className;
    return element;
  }

  function cut(text) {
    return text.length > LONGEST_NAME ? `${text.slice(0, LONGEST_NAME)}…` : text;
  }

  // What data/strips-<pack>.js holds, each cell with a list of its attempts, oldest first.
  function read(pack) {
    if (packs.has(pack)) return packs.get(pack);
    const told = (self.fanoutData ?? {})[`strips-${pack}`];
    const cells = new Map();
    for (const [name, cell] of Object.entries(told?.cells ?? {})) {
      const [took, run, after] = [cell.took, cell.run, cell.after].map((text) => text.split(" "));
      cells.set(name, { ...cell, name, pack, attempts: [...cell.outcomes].map((letter, place) => {
        const [id, started] = told.runs[run[place]];
        const [outcome, glyph] = OUTCOMES[letter];
        return { outcome, glyph, run: id, at: started + Number(after[place]), took: took[place] / 1000 };
      }) });
    }
    const found = told && { ...told, name: pack, cells };
    packs.set(pack, found);
    return found;
  }

  function median(numbers) {
    if (!numbers.length) return null;
    const sorted = [...numbers].sort((one, other) => one - other);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  function counted(number, noun) {
    return `${number} ${noun}${number === 1 ? "" : "s"}`;
  }

  // 0.83 s, 12 s, 5 min, 3 h, 2 days
  function lasted(seconds) {
    if (seconds < 10) return `${seconds.toFixed(2)} s`;
    if (seconds < 2 * MINUTE) return `${Math.round(seconds)} s`;
    if (seconds < 2 * HOUR) return `${Math.round(seconds / MINUTE)} min`;
    if (seconds < 2 * DAY) return `${Math.round(seconds / HOUR)} h`;
    return counted(Math.round(seconds / DAY), "day");
  }

  function since(moment) {
    return lasted(Math.max(0, Date.now() / 1000 - moment));
  }

  function when(moment) {
    return new Date(moment * 1000).toISOString().slice(0, 16).replace("T", " ");
  }

  function tally(words) {
    const counts = new Map();
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    return [...counts].sort((one, other) => other[1] - one[1])
      .map(([word, count]) => `${count} ${word}`).join(", ");
  }

  // Missing and errored attempts have no duration that says anything.
  function durations(attempts) {
    return attempts.filter((one) => one.outcome === "passed" || one.outcome === "failed")
      .map((one) => one.took);
  }

  // How steady a cell is, in words; empty if it never disagreed and never was red.
  function steadiness(cell) {
    const said = [];
    if (cell.flaky) said.push(`flaky, ${cell.flaky[0]} of ${cell.flaky[1]}`);
    if (cell.green) {
      const longest = Math.max(...cell.green);
      said.push(`green again after ${lasted(median(cell.green))}`
        + (cell.green.length > 1 ? ` in the median of ${cell.green.length} times, ${lasted(longest)} at most` : ""));
    }
    if (cell.red) said.push(`red for ${since(cell.red)}`);
    return said;
  }

  function sentence(cell) {
    const attempts = cell.attempts;
    const middle = median(durations(attempts));
    return [
      `${attempts.length === 1 ? "1 run" : `Last ${attempts.length} runs`}: `
        + tally(attempts.map((one) => one.outcome)),
      `the newest of ${when(attempts.at(-1).at)} UTC`,
      ...(middle === null ? [] : [`median ${lasted(middle)}`]),
      ...steadiness(cell),
    ].join("; ");
  }

  function heights(attempts, room) {
    const longest = Math.max(...attempts.map((one) => one.took), 0.001);
    return attempts.map((one) => Math.max(3, Math.round((room * one.took) / longest)));
  }

  // A bar for each run, wide enough to be hit, as a link to what that run said of the cell.
  function bars(cell) {
    const WIDE = 24, ROOM = 40, HIGH = 64;
    const tall = heights(cell.attempts, ROOM);
    const links = cell.attempts.map((one, place) => {
      const says = `${when(one.at)} UTC: ${one.outcome}, ${lasted(one.took)}`;
      const left = place * WIDE;
      const link = draw("a", {
        href: `${root}runs/${one.run}.html?cell=${cell.name}`, "aria-label": says, tabindex: -1,
      });
      const title = draw("title", {});
      title.textContent = says;
      const glyph = draw("text", { class: one.outcome, x: left + WIDE / 2, y: HIGH - 6 });
      glyph.textContent = one.glyph;
      link.append(
        title,
        draw("rect", { class: "room", x: left, y: 0, width: WIDE, height: HIGH }),
        draw("rect", {
          class: `bar ${one.outcome}`, x: left + 4, y: ROOM - tall[place], width: WIDE - 8,
          height: tall[place],
        }),
        glyph,
      );
      return link;
    });
    const width = WIDE * links.length;
    const picture = draw("svg", {
      class: "strip bars", role: "group", "aria-label": "Runs, oldest first", width, height: HIGH,
      viewBox: `0 0 ${width} ${HIGH}`,
    }, ...links);
    rove(picture, links);
    return picture;
  }

  // One stop of the Tab key for all bars; the arrows move between them.
  function rove(picture, links) {
    let at = links.length - 1;
    links[at].setAttribute("tabindex", 0);
    const move = (to) => {
      links[at].setAttribute("tabindex", -1);
      at = Math.min(Math.max(to, 0), links.length - 1);
      links[at].setAttribute("tabindex", 0);
    };
    picture.addEventListener("focusin", (event) => move(links.indexOf(event.target.closest("a"))));
    picture.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: links.length - 1 }[event.key];
      if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      move(to);
      links[at].focus();
    });
  }

  // The same without links, small enough for a table. What did not pass has a mark below the line.
  function small(cell) {
    const WIDE = 7, ROOM = 18, HIGH = 26;
    const tall = heights(cell.attempts, ROOM);
    const paths = new Map();
    cell.attempts.forEach(({ outcome }, place) => {
      const left = place * WIDE;
      const bar = outcome === "missing" ? "" : `M${left} ${ROOM - tall[place]}h5v${tall[place]}h-5z`;
      const mark = {
        passed: "", failed: `M${left} ${ROOM + 2}h5v6h-5z`, unsupported: `M${left} ${ROOM + 4}h5v2h-5z`,
      }[outcome] ?? `M${left + 0.5} ${ROOM + 2.5}h4v5h-4z`;
      paths.set(outcome, (paths.get(outcome) ?? "") + bar + mark);
    });
    const width = WIDE * cell.attempts.length;
    return draw("svg", {
      class: "strip small", role: "img", "aria-label": sentence(cell), width, height: HIGH,
      viewBox: `0 0 ${width} ${HIGH}`,
    }, ...[...paths].map(([outcome, d]) => draw("path", { class: outcome, d })));
  }

  function runsOf(text) {
    return [...(text ?? "").matchAll(/(\d+)([a-z])/g)].map(([, count, letter]) => {
      const [standing, high] = STANDINGS[letter];
      return { count: Number(count), standing, high };
    });
  }

  function stretches(found, label) {
    const HIGH = 18;
    const total = found.reduce((sum, one) => sum + one.count, 0);
    const wide = Math.min(12, Math.max(2, Math.floor(600 / total)));
    let left = 0;
    const blocks = [];
    for (const { count, standing, high } of found) {
      const hollow = standing === "unknown" ? 1 : 0;
      if (high) {
        blocks.push(draw("rect", {
          class: standing.replace(" ", "-"), x: left + hollow, y: HIGH - high - hollow,
          width: count * wide - 1 - hollow, height: high,
        }));
      }
      left += count * wide;
    }
    return draw("svg", {
      class: "strip", role: "img", "aria-label": label, width: left, height: HIGH,
      viewBox: `0 0 ${left} ${HIGH}`, preserveAspectRatio: "none",
    }, ...blocks);
  }

  function inWords(found) {
    const counts = new Map();
    for (const one of found) counts.set(one.standing, (counts.get(one.standing) ?? 0) + one.count);
    return [...counts].map(([standing, count]) => `${standing} ${count}`).join(", ");
  }

  function showRuns(place) {
    const cell = read(place.dataset.pack)?.cells.get(place.dataset.cell);
    if (!cell) return place.replaceChildren(write("p", "No runs.", "note"));
    const scroll = document.createElement("div");
    scroll.className = "scroll";
    scroll.append(bars(cell));
    place.replaceChildren(scroll, write("p", `${sentence(cell)}.`, "note"));
    scroll.scrollLeft = scroll.scrollWidth;
    const flaky = cell.flaky?.[2] ?? [];
    for (const [name, odd, of] of flaky.slice(0, MOST_NAMED)) {
      place.append(write("p", `${odd} of ${of} attempts at the same contents disagree on ${cut(name)}.`, "note"));
    }
    if (flaky.length > MOST_NAMED) {
      place.append(write("p", `They disagree on ${flaky.length - MOST_NAMED} more.`, "note"));
    }
    return undefined;
  }

  function showStretches(place, text, label, none) {
    const found = runsOf(text);
    if (!found.length) return place.replaceChildren(write("p", none, "note"));
    const says = `${label}: ${inWords(found)}`;
    return place.replaceChildren(stretches(found, says), write("p", says, "note"));
  }

  function showOverRefs(place) {
    const told = read(place.dataset.pack);
    const [newest, oldest] = [told?.refs[0], told?.refs.at(-1)];
    const label = newest === oldest ? `Core ${newest}` : `Cores ${oldest} to ${newest}, newest first`;
    showStretches(place, told?.promises[place.dataset.promise]?.refs, label, "No Cores.");
  }

  function showOverTime(place) {
    const told = read(place.dataset.pack);
    const runs = told?.promises[place.dataset.promise]?.time;
    const core = told?.refs[0];
    showStretches(place, runs, `Runs on Core ${core}`, core ? `No runs on Core ${core}.` : "No runs.");
  }

  self.fanoutStrips = { read, draw, write, small, median, durations, lasted, since, when, counted };
  document.querySelectorAll(".runs[data-cell]").forEach(showRuns);
  document.querySelectorAll(".over-refs[data-promise]").forEach(showOverRefs);
  document.querySelectorAll(".over-time[data-promise]").forEach(showOverTime);
})();

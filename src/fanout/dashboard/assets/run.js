// One cell of a frozen run: `?cell=` selects it, and what its attempts said is drawn from the page.
"use strict";

(() => {
  const place = document.getElementById("cell");
  const source = document.getElementById("attempts");
  if (!place || !source || !self.fanoutGrid) return;
  const data = JSON.parse(source.textContent);
  const { data: grid, make, shownRef, spread } = self.fanoutGrid;
  const root = document.body.dataset.root;
  const isSlot = (name) => /-core_(candidate|baseline)$/.test(name); // no Core ref of the matrix
  const summed = (pairs) => {
    let sum = 0;
    return spread(pairs).map((difference) => (sum += difference));
  };
  const column = {
    number: spread(data.number), reason: spread(data.reason), results: spread(data.results),
    environment: summed(data.environment),
  };
  const attempts = new Map(), called = new Map();
  summed(data.cells).forEach((cell, at) => {
    const [pack] = grid.packs[Math.floor(cell / data.columns)];
    const [ref] = grid.refs[cell % data.columns];
    const name = `${pack}-${ref}`;
    called.set(name, `${pack} on ${isSlot(name) ? "the" : "Core"} ${shownRef(cell % data.columns)}`);
    if (!attempts.has(name)) attempts.set(name, []);
    attempts.get(name).push(at);
  });

  const word = (text, label) => make("span", `word ${text.replaceAll(" ", "-")}`, label ?? text);
  const seconds = (count) => `${count < 10 ? count.toFixed(1) : Math.round(count)} s`;

  function fact(list, term, ...said) {
    const description = make("dd");
    description.append(...said);
    list.append(make("dt", "", term), description);
  }

  function attempt(at, of) {
    const section = make("div", "attempt");
    const outcome = data.outcomes[data.outcome[at]];
    const line = make("p");
    if (of > 1) line.append(`Attempt ${column.number[at]}: `);
    line.append(word(outcome, `${data.glyphs[outcome]} ${outcome}`));
    if (data.started[at] >= 0) {
      line.append(` begun ${seconds(data.started[at])} into the run, its promises took ${seconds(data.took[at] / 1000)}`);
    } else {
      line.append(" without evidence");
    }
    section.append(line);
    if (column.reason[at] >= 0) section.append(make("pre", "text", data.reasons[column.reason[at]]));
    if (column.results[at] >= 0) section.append(...results(column.results[at]));
    return section;
  }

  function* results(at) {
    const [counts, shown] = data.said[at];
    const said = Object.entries(counts).map(([result, count]) => `${count} ${result}`);
    yield make("p", "", `Promises: ${said.join(", ") || "none"}.`);
    if (!shown.length) return;
    const list = make("ul");
    for (const number of shown) {
      const target = document.getElementById(`promise-${number}`);
      if (!target) continue;
      const link = make("a", "", target.querySelector("h4").textContent);
      link.href = `#promise-${number}`;
      const item = make("li");
      item.append(link);
      list.append(item);
    }
    yield list;
  }

  function* tested(at) {
    if (at < 0) {
      yield make("p", "", "Nothing is known of what was installed: there is no evidence.");
      return;
    }
    const [asked, from, version, content, python, distributions] = data.environments[at];
    const list = make("dl", "facts");
    fact(list, "Core", `${version || "none was installed, or not the one that was asked for"}`);
    fact(list, "Asked for", make("code", "", asked));
    fact(list, "From", from === "stand-in" ? word("stand-in") : from === "pypi" ? "the package index" : from || "not known");
    fact(list, "Content", make("code", "", data.contents[content] ?? "not known"));
    fact(list, "Python", python || "not known");
    yield list;
    const names = summed(distributions).map((one) => data.distributions[one]);
    const details = make("details");
    details.append(make("summary", "", `Installed: ${names.length} distributions`));
    const installed = make("ul", "installed");
    installed.append(...names.map((name) => make("li", "", name)));
    details.append(installed);
    yield details;
  }

  function command(name) {
    const ref = name.slice(name.indexOf("-") + 1), pack = name.slice(0, name.indexOf("-"));
    const line = data.commands[ref]?.replace("{}", pack) ?? `tox run -e ${name}`;
    const box = make("div", "command"), text = make("pre"), copy = make("button", "copy", "Copy");
    text.tabIndex = 0;
    text.setAttribute("aria-label", "Command");
    text.append(make("code", "", line));
    copy.type = "button";
    copy.hidden = true;
    box.append(text, copy);
    return box;
  }

  function show(name, jump) {
    place.hidden = !name;
    place.replaceChildren();
    permalinks(name);
    if (!name) return;
    const title = make("h2", "", called.get(name) ?? name);
    title.id = "cell-title";
    title.tabIndex = -1;
    place.append(title);
    const found = attempts.get(name);
    if (!found) {
      place.append(make("p", "", "This run did not try the cell."));
    } else {
      place.append(...found.map((at) => attempt(at, found.length)), command(name));
      place.append(...tested(Math.max(...found.map((at) => column.environment[at]))));
      if (!isSlot(name)) {
        const latest = make("a", "", "The cell as it is now");
        latest.href = `${root}cells/${name}.html`;
        const line = make("p");
        line.append(latest);
        place.append(line);
      }
    }
    self.fanoutPage.offerCopying(place);
    if (jump) {
      title.focus({ preventScroll: true });
      place.scrollIntoView({ block: "start" });
    }
  }

  function permalinks(name) {
    const search = name ? `?cell=${encodeURIComponent(name)}` : "";
    const [frozen] = document.querySelectorAll('[data-permalink="frozen"]');
    frozen.href = location.pathname.split("/").pop() + search;
    const latest = document.getElementById("latest");
    const page = attempts.has(name) && !isSlot(name);
    latest.href = page ? `${root}cells/${name}.html` : `${root}index.html`;
  }

  const asked = () => new URLSearchParams(location.search).get("cell") ?? "";
  document.getElementById("matrix").addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-cell]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.pushState(null, "", `${location.pathname}?cell=${encodeURIComponent(link.dataset.cell)}`);
    show(link.dataset.cell, true);
  });
  addEventListener("popstate", () => show(asked(), false));
  show(asked(), Boolean(asked()) && !location.hash.startsWith("#promise"));
})();

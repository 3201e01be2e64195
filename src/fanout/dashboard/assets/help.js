// What `?` shows on every page: keys, and what each sign and word means.
"use strict";

(() => {
  const KEYS = [
    ["← → ↑ ↓", "Move in the matrix; Home and End go to the ends of a row"],
    ["Enter", "Open what has the focus"],
    ["/", "Search"],
    ["?", "This help"],
    ["Esc", "Close it, or clear the search"],
  ];
  const SIGNS = [
    ["✓", "release", "the candidate breaks no promise that nobody has excused"],
    ["✗", "hold", "it breaks one, or a consumer itself"],
    ["?", "unknown", "something that was expected has no verdict"],
    ["▼", "regressed", "broken, and not before: what somebody has to act on"],
    ["▲", "fixed", "broken before, and kept now"],
    ["✗", "still-failing", "broken before too"],
    ["✗", "broken", "and what it was before is not known"],
    ["✗", "failed", "a promise is broken; “failed 2” is two"],
    ["~", "known break", "broken, and listed by the pack with reason, link and last day; “known 2” is two"],
    ["~", "pending", "no Core has ever kept it: it decides nothing"],
    ["✓", "passed", "every promise is kept"],
    ["✓", "kept", "Core does what the promise says"],
    ["✓", "passing", "kept, as before"],
    ["✓", "partly judged", "kept, as far as it applies to this Core; “33 of 50” were judged"],
    ["!", "errored", "the harness broke: nothing is said of Core"],
    ["!", "listed but kept", "a known break that holds: the pack's list is wrong, not Core"],
    ["?", "missing", "there is no evidence"],
    ["–", "unsupported", "the pack does not support this Core"],
    ["·", "not applicable", "outside the Cores that a promise names for itself"],
    ["+", "new", "kept, and not there before"],
    ["-", "removed", "there before, and no more; “absent” where the pack has it no more"],
    ["", "not run", "in the matrix, and no run has it: an empty place"],
    ["", "stand-in", "written for a tag that no index serves"],
    ["", "no pack", "a consumer that promises nothing yet"],
    ["", "survived", "a broken Core that no promise of the pack notices"],
    ["", "refused", "a harmless change of Core that a promise refuses: a false alarm"],
    ["", "added", "a change in Core: new, gone (“removed”) or “changed”, or only its code is another"],
  ];
  const RELEASES = [
    ["✓", "declared", "the release asks for a range with this Core; “in part”: some of the releases, or some of the Cores"],
    ["·", "not declared", "its range leaves this Core out"],
    ["✓", "installs", "all that it asks for goes together; “some install”: of several releases"],
    ["~", "if forced", "only where what it declares of Core is set aside"],
    ["✗", "no set", "nothing goes together, whatever is set aside"],
    ["✓", "imports", "each of its modules can be imported with it; “read”: nothing was run, its code was read"],
    ["✗", "own fault", "a module cannot be imported with any Core; “broken”: with this one"],
    ["?", "imports?", "nobody could tell; as “declares?” and “installs?”"],
    ["✓", "kept", "of the promises of its pack, in numbers"],
  ];
  const WORDS = [
    ["Core", "the library that all consumers build on, by its version"],
    ["candidate", "the Core that is asked about before its release"],
    ["baseline", "the Core that it is compared with"],
    ["consumer", "a package that builds on Core"],
    ["pack", "the promises that one consumer relies on"],
    ["promise", "one thing that Core keeps or breaks: one test"],
    ["cell", "one pack on one Core"],
    ["same content", "Cores of which the code is the same: most releases only have another number"],
    ["gets it", "when a consumer that is installed anew takes this Core up, by the range it declares"],
    ["declares", "the range of Core that a release asks for"],
    ["coverage", "the uses of Core that some promise of the pack pins, of all that its consumer has"],
    ["strength", "of the broken Cores that a use can meet, the share that the pack notices"],
    ["flaky", "attempts at the same contents disagree"],
    ["grey, stale", "older than a run is due: it may no longer be so"],
  ];
  const make = (tag, text, name = "") => {
    const element = document.createElement(tag);
    if (text) element.textContent = text;
    if (name) element.className = name;
    return element;
  };

  function list(title, entries, term) {
    const terms = make("dl");
    for (const entry of entries) {
      const head = make("dt");
      head.append(...term(entry));
      terms.append(head, make("dd", entry.at(-1)));
    }
    return [make("h2", title), terms];
  }

  self.fanoutHelp = (dialog) => {
    const close = make("form");
    close.method = "dialog";
    close.append(make("button", "Close"));
    dialog.replaceChildren(
      ...list("Keys", KEYS, ([keys]) => keys.split(" ").flatMap((key) => [make("kbd", key), " "])),
      ...list("Signs", SIGNS, ([glyph, word]) => [make("span", `${glyph} ${word}`.trim(), `word ${word.replaceAll(" ", "-")}`)]),
      ...list("Releases and Cores", RELEASES, ([glyph, word]) => [`${glyph} ${word}`]),
      ...list("Words", WORDS, ([word]) => [word]),
      close,
    );
    dialog.querySelector("h2").id = "keys-title";
    dialog.showModal();
  };
})();

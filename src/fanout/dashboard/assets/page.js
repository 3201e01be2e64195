// What every page does in the browser: ages, staleness, permalinks, theme, keys, copying.
"use strict";

(() => {
  const MINUTE = 60, HOUR = 3600, DAY = 86400;
  const body = document.body;
  const root = body.dataset.root;
  const latest = (self.fanoutData ?? {}).latest;

  function ago(seconds) {
    const size = Math.abs(seconds);
    const [count, unit] =
      size < HOUR ? [seconds / MINUTE, "minute"]
      : size < 2 * DAY ? [seconds / HOUR, "hour"]
      : [seconds / DAY, "day"];
    const format = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
    return format.format(-Math.round(count), unit);
  }

  function showAges(within) {
    const now = Date.now();
    for (const time of within.querySelectorAll("time[datetime]")) {
      const at = Date.parse(time.dateTime);
      if (Number.isNaN(at)) continue;
      if (time.dataset.left !== undefined) {
        const left = Math.ceil((at + DAY * 1000 - now) / (DAY * 1000));
        time.dataset.left = left < 1 ? "expired" : left === 1 ? "1 day left" : `${left} days left`;
      } else {
        time.title ||= time.textContent;
        time.textContent = ago((now - at) / 1000);
      }
    }
  }

  const old = (at) => Boolean(at) && Date.now() - Date.parse(at) > latest.every * HOUR * 1000;

  // The matrix may be old while a candidate was asked just now, and the other way round.
  function showStaleness() {
    if (!latest) return;
    for (const one of document.querySelectorAll("[data-from]")) {
      one.classList.toggle("old", old(one.dataset.from));
    }
    const banner = document.getElementById("stale");
    banner.hidden = !old(latest.matrix);
    if (banner.hidden || banner.firstChild) return;
    const ran = document.createElement("time");
    ran.dateTime = latest.matrix;
    ran.textContent = `${latest.matrix.slice(0, 16).replace("T", " ")} UTC`;
    banner.append("Stale: the matrix last ran ", ran,
      `, and is due every ${latest.every} hours. What is shown may no longer be so.`);
  }

  // A page that stays open ages by itself; on paper it tells dates.
  function age() {
    showStaleness();
    showAges(document);
  }

  function tellDates() {
    for (const time of document.querySelectorAll("time[title]")) time.textContent = time.title;
  }

  function showPermalinks() {
    const [newest] = document.querySelectorAll('[data-permalink="latest"]');
    if (newest) newest.href = location.pathname.split("/").pop() + location.search;
    const [frozen] = document.querySelectorAll('[data-permalink="frozen"]');
    const run = frozen?.dataset.run ?? self.fanoutRun ?? latest?.run;
    if (frozen && run) frozen.href = `${root}runs/${run}.html${frozen.dataset.search ?? ""}`;
    for (const link of document.querySelectorAll(".top nav a")) {
      if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
    }
  }

  function offerTheme() {
    const button = document.getElementById("theme");
    const themes = ["auto", "light", "dark"];
    const show = (theme) => {
      if (theme === "auto") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = theme;
      button.querySelector("span").textContent = theme;
    };
    let kept = "auto";
    try { kept = localStorage.getItem("theme") ?? "auto"; } catch { /* storage is forbidden */ }
    show(themes.includes(kept) ? kept : "auto");
    button.hidden = false;
    button.addEventListener("click", () => {
      kept = themes[(themes.indexOf(kept) + 1) % themes.length];
      try { localStorage.setItem("theme", kept); } catch { /* it lasts as long as the page */ }
      show(kept);
    });
  }

  function offerHelp() {
    const dialog = document.getElementById("keys");
    const button = document.getElementById("help");
    button.hidden = false;
    button.addEventListener("click", () => self.fanoutHelp(dialog));
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest?.("input, select, textarea");
      if (event.ctrlKey || event.metaKey || event.altKey || typing || dialog.open) return;
      if (event.key === "?") {
        event.preventDefault();
        self.fanoutHelp(dialog);
      } else if (event.key === "/") {
        event.preventDefault();
        const search = document.querySelector('input[type="search"]');
        if (search) search.focus();
        else location.href = `${root}index.html#search`;
      }
    });
  }

  function offerCopying(within) {
    if (!navigator.clipboard) return;
    for (const button of within.querySelectorAll(".copy")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(button.previousElementSibling.textContent);
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = "Copy"; }, 2000);
      });
    }
  }

  self.fanoutPage = { ago, offerCopying, showAges };
  age();
  setInterval(age, MINUTE * 1000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) age(); });
  addEventListener("beforeprint", tellDates);
  addEventListener("afterprint", age);
  showPermalinks();
  offerTheme();
  offerHelp();
  offerCopying(document);
})();

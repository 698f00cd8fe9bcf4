// What the pages do beyond HTML. Everything works without it; nothing here holds a rule.
// Loaded in the head, so that the class below is there before the first paint.
(() => {
  "use strict";
  document.documentElement.classList.add("js");

  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);
  const make = (tag, { aria = {}, ...properties }, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    for (const [name, value] of Object.entries(aria)) element.setAttribute(`aria-${name}`, value);
    element.append(...children);
    return element;
  };
  // Role aliases, their last use, and the chosen format. Never a credential.
  const memory = {
    read(key, otherwise) {
      try { return JSON.parse(localStorage.getItem("drawbridge." + key)) ?? otherwise; } catch { return otherwise; }
    },
    write(key, value) {
      try { localStorage.setItem("drawbridge." + key, JSON.stringify(value)); } catch { /* private window */ }
    },
  };

  const clockTime = (date) => {
    const sameDay = date.toDateString() === new Date().toDateString();
    const day = sameDay ? {} : { day: "numeric", month: "short" };
    return date.toLocaleString(undefined, { ...day, hour: "2-digit", minute: "2-digit" });
  };

  function localTimes() {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    for (const element of all("time[datetime]")) {
      const date = new Date(element.dateTime);
      if (Number.isNaN(date.valueOf())) continue;
      element.title = element.dateTime;
      element.textContent = clockTime(date) + (element.dataset.zone === "" ? ` (${zone})` : "");
    }
  }

  // Favourites and recent roles, above the accounts, as copies of the rows that are there anyway.
  function markUsed(alias, until) {
    const used = memory.read("used", {});
    used[alias] = { at: Date.now(), until: until ?? used[alias]?.until ?? 0 };
    const newest = Object.entries(used).sort((a, b) => b[1].at - a[1].at).slice(0, 20);
    memory.write("used", Object.fromEntries(newest));
  }

  const STAR = "M12 3.6l2.6 5.3 5.8.8-4.2 4.1 1 5.8-5.2-2.7-5.2 2.7 1-5.8-4.2-4.1 5.8-.8z";
  function star(alias, pressed) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.append(document.createElementNS("http://www.w3.org/2000/svg", "path"));
    svg.firstChild.setAttribute("d", STAR);
    return make("button", { type: "button", className: "star", title: "Favourite", aria: { label: `Favourite ${alias}`, pressed } }, svg);
  }

  function roles() {
    const list = one(".roles");
    if (!list) return;
    const rows = new Map(all(".row", list).map((row) => [row.dataset.alias, row]));
    let favourites = memory.read("favourites", []);
    for (const [alias, row] of rows) row.prepend(star(alias, favourites.includes(alias)));
    mine(list, rows, favourites);

    list.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (!row) return;
      const { alias } = row.dataset;
      if (event.target.closest("button.primary")) markUsed(alias);
      if (!event.target.closest(".star")) return;
      const on = !favourites.includes(alias);
      favourites = on ? [...favourites, alias] : favourites.filter((other) => other !== alias);
      memory.write("favourites", favourites);
      // The panel above stays as it is until the next visit: a row must not move under the pointer.
      for (const other of all(".row", list)) {
        if (other.dataset.alias === alias) one(".star", other).setAttribute("aria-pressed", String(on));
      }
    });
    filter(list);
  }

  function mine(list, rows, favourites) {
    const used = memory.read("used", {});
    const recent = Object.keys(used).sort((a, b) => used[b].at - used[a].at);
    const chosen = favourites.filter((alias) => rows.has(alias));
    chosen.push(...recent.filter((alias) => rows.has(alias) && !chosen.includes(alias)).slice(0, 3));
    if (!chosen.length || rows.size < 4) return;
    const items = chosen.map((alias) => {
      const row = rows.get(alias).cloneNode(true);
      one(".row-name", row).prepend(`${row.dataset.account} / `);
      const minutes = Math.floor(((used[alias]?.until ?? 0) - Date.now()) / 60000);
      if (minutes > 0) {
        const left = minutes < 120 ? `${minutes} min left` : `${Math.floor(minutes / 60)} h left`;
        one("h3", row).append(" ", make("span", { className: "badge live", textContent: left }));
      }
      return row;
    });
    const title = make("div", { className: "top" }, make("h2", { textContent: "Favourites and recent" }));
    list.prepend(make("div", { className: "panel mine" }, title, make("ul", { role: "list" }, ...items)));
  }

  function filter(list) {
    const box = one(".find");
    const input = one("input", box);
    const count = one("output", box);
    const nothing = one(".nothing", list);
    const accounts = all(".panel", list).filter((panel) => one(".row", panel));
    const entries = accounts.map((panel) => {
      const title = one(".top", panel).textContent.toLowerCase();
      return [panel, all(".row", panel).map((row) => [row, `${title} ${row.dataset.alias} ${row.dataset.arn} ${row.textContent}`.toLowerCase()])];
    });
    const apply = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let found = 0;
      let total = 0;
      for (const [panel, rows] of entries) {
        const copies = panel.classList.contains("mine");
        let here = 0;
        for (const [row, text] of rows) {
          row.hidden = !words.every((word) => text.includes(word));
          here += !row.hidden;
        }
        panel.hidden = here === 0 || (copies && words.length > 0);
        if (!copies) { found += here; total += rows.length; }
      }
      one("kbd", box).hidden = words.length > 0;
      count.textContent = words.length ? `${found} of ${total}` : "";
      nothing.hidden = found > 0;
      one("q", nothing).textContent = input.value;
    };
    const clear = () => { input.value = ""; apply(); input.focus(); };
    input.addEventListener("input", apply);
    one("button", nothing).addEventListener("click", clear);
    const step = (from, by) => {
      const rows = all(".row:not([hidden])", list).filter((row) => !row.closest("[hidden]"));
      const next = rows.indexOf(from) + by;
      if (next < 0) return input.focus();
      const target = rows[next] && one(".btn", rows[next]);
      if (target) target.focus();
    };
    document.addEventListener("keydown", (event) => {
      const typing = event.target.matches("input, select, textarea");
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "/" && !typing) { event.preventDefault(); input.focus(); input.select(); }
      if (event.target === input && event.key === "Escape") clear();
      const row = event.target.closest(".row");
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key] ?? (event.target === input && event.key === "Enter" ? 1 : 0);
      if (by && (row || (event.target === input && by > 0))) { event.preventDefault(); step(row, by); }
    });
    if (input.value) apply();
  }

  // Secrets leave the document as soon as it is read and come back for at most a minute.
  const raw = new WeakMap();
  let hideSecrets = () => {};
  let dropSecrets = () => {};
  function secrets() {
    const panel = one(".secrets");
    if (!panel) return;
    const values = new Map();
    for (const pre of all("pre", panel)) raw.set(pre, pre.textContent.trimEnd());
    for (const element of all(".secret", panel)) values.set(element, element.textContent);
    const show = one("[data-show]", panel);
    let timer = 0;
    const set = (shown) => {
      clearTimeout(timer);
      panel.classList.toggle("shown", shown);
      show.textContent = shown ? "Hide" : "Show";
      for (const [element, value] of values) {
        if (shown) { element.textContent = value; continue; }
        const dots = "•".repeat(Math.min(value.length, 40));
        element.replaceChildren(make("span", { textContent: dots, aria: { hidden: true } }), make("span", { className: "vh", textContent: "hidden" }));
      }
      if (shown) timer = setTimeout(hideSecrets, 60000);
    };
    hideSecrets = () => set(false);
    dropSecrets = () => {
      set(false);
      values.clear();
      for (const pre of all("pre", panel)) raw.set(pre, "");
      for (const button of all("button:not(.tab)", panel)) button.disabled = true;
    };
    show.addEventListener("click", () => set(!panel.classList.contains("shown")));
    addEventListener("pagehide", hideSecrets);
    set(false);
  }

  function tabs() {
    for (const panel of all("[data-tabs]")) {
      const sections = all(".format", panel);
      if (sections.length < 2) continue;
      const list = make("div", { className: "tablist", role: "tablist", aria: { label: panel.dataset.tabs } });
      const buttons = sections.map((section) => {
        const textContent = one("h2", section).textContent;
        const button = make("button", { type: "button", className: "tab", role: "tab", id: `tab-${section.id}`, textContent, aria: { controls: section.id } });
        section.setAttribute("role", "tabpanel");
        section.setAttribute("aria-labelledby", button.id);
        section.tabIndex = 0;
        return button;
      });
      const choose = (index, byHand) => {
        buttons.forEach((button, i) => {
          button.setAttribute("aria-selected", String(i === index));
          button.tabIndex = i === index ? 0 : -1;
          sections[i].hidden = i !== index;
        });
        hideSecrets();
        if (!byHand) return;
        buttons[index].focus();
        memory.write("format", sections[index].id);
      };
      list.addEventListener("click", (event) => { if (event.target.role === "tab") choose(buttons.indexOf(event.target), true); });
      list.addEventListener("keydown", (event) => {
        const at = buttons.indexOf(event.target);
        const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        choose((to + buttons.length) % buttons.length, true);
      });
      list.append(...buttons);
      panel.prepend(list);
      const usual = /Win/.test(navigator.userAgent) ? "format-powershell" : sections[0].id;
      const wanted = memory.read("format", usual);
      choose(Math.max(0, sections.findIndex((section) => section.id === wanted)), false);
    }
  }

  // data-copy names what to copy; without a name it is the block on show in the same panel.
  async function putOnClipboard(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = make("textarea", { value: text, className: "vh" });
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("copy refused");
  }

  function copying() {
    for (const button of all("[data-copy]")) {
      const said = button.parentElement.appendChild(make("span", { className: "vh", role: "status" }));
      const label = [...button.childNodes];
      button.addEventListener("click", async () => {
        const block = button.dataset.copy
          ? document.getElementById(button.dataset.copy)
          : all("pre", button.closest(".panel")).find((pre) => pre.offsetParent);
        let word = "Copied";
        try { await putOnClipboard(raw.get(block) ?? block.textContent.trimEnd()); } catch { word = "Not copied"; }
        button.textContent = said.textContent = word;
        setTimeout(() => { button.replaceChildren(...label); said.textContent = ""; }, 2500);
      });
    }
  }

  // The server says how many seconds are left, because the clock of this machine may be wrong.
  function countdown() {
    const clock = one("[data-seconds]");
    if (!clock) return;
    const total = Number(clock.dataset.seconds);
    const ends = Date.now() + total * 1000;
    if (clock.dataset.alias) markUsed(clock.dataset.alias, ends);
    const bar = one("progress", clock);
    const left = one(".left", clock);
    bar.max = total;
    const tick = () => {
      const seconds = Math.max(0, Math.round((ends - Date.now()) / 1000));
      const pad = (number) => String(number).padStart(2, "0");
      bar.value = seconds;
      clock.classList.toggle("low", seconds < Math.min(300, total / 4));
      left.textContent = `${Math.floor(seconds / 3600)}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
      if (seconds > 0) return;
      clearInterval(timer);
      dropSecrets();
      clock.classList.add("over");
      for (const element of all("[data-while]")) element.hidden = element.dataset.while !== "ended";
    };
    const timer = setInterval(tick, 1000);
    tick();
  }

  function people() {
    for (const button of all("[data-person]")) {
      button.addEventListener("click", () => {
        const { form } = button;
        form.elements.username.value = form.elements.password.value = button.dataset.person;
        one("[type=submit]", form).focus();
      });
    }
  }

  // A form that is a redirect with a body. Coming back to it must not send it again.
  function sending() {
    const form = one("form[data-send]");
    if (!form || performance.getEntriesByType("navigation")[0]?.type === "back_forward") return;
    form.submit();
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const part of [localTimes, secrets, tabs, copying, roles, countdown, people, sending]) {
      try { part(); } catch (error) { console.error(error); }
    }
    for (const waiting of all(".roles, .secrets")) waiting.classList.add("ready");
  });
})();

"use strict";
// Takes over from the still picture: zoom, search, keys, kinds of value; the view is in the address.
(() => {
  const get = (id) => document.getElementById(id);
  const data = JSON.parse(get("data").textContent);
  const { kinds, diff, based, names, file, files, skip, colour, depth, frame, line } = data;
  const count = depth.length, ROW = 20, NARROWEST = 0.4;
  const [picture, find, found, crumbs, says] = ["picture", "find", "found", "crumbs", "says"].map(get);

  // The tree: preorder and depths tell the box above each and those below.
  const parent = new Int32Array(count).fill(-1), below = Array.from({ length: count }, () => []);
  for (let i = 1, open = [0]; i < count; i++) {
    open.length = depth[i];
    parent[i] = open[depth[i] - 1];
    open.push(i);
    below[parent[i]].push(i);
  }

  // Values of a kind with all below, and where each box starts; made once a kind.
  const layouts = [];
  function layout(kind) {
    if (layouts[kind]) return layouts[kind];
    const sum = (list) => Float64Array.from(list);
    const [ownPlus, ownMinus] = data.own[kind].map(sum), [restPlus, restMinus] = data.rest[kind].map(sum);
    const at = (list, i) => list.length ? list[i] : 0;
    const plus = new Float64Array(count), minus = new Float64Array(count), width = new Float64Array(count);
    for (let i = count - 1; i >= 0; i--) {
      plus[i] += ownPlus[i] + restPlus[i];
      minus[i] += at(ownMinus, i) + at(restMinus, i);
      width[i] = plus[i] + minus[i];
      if (i) { plus[parent[i]] += plus[i]; minus[parent[i]] += minus[i]; }
    }
    const start = new Float64Array(count), order = [], rest = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      order[i] = below[i].slice().sort((a, b) => width[b] - width[a] || a - b);
      let x = start[i];
      for (const child of order[i]) { start[child] = x; x += width[child]; }
      rest[i] = restPlus[i] + at(restMinus, i);
    }
    const own = (i) => ownPlus[i] - at(ownMinus, i);
    return layouts[kind] = { plus, minus, width, start, order, rest, own };
  }

  // Words.
  const name = (i) => frame[i] < 0 ? "all" : names[frame[i]];
  const short = (i) => frame[i] < 0 ? "all" : names[frame[i]].slice(skip[frame[i]]);
  const place = (i) => frame[i] < 0 ? "" : files[file[frame[i]]] + (line[i] ? ":" + line[i] : "");
  function value(amount, sign) {
    const { units } = kinds[view.kind], size = Math.abs(amount);
    const [factor, unit] = units.findLast(([f]) => size >= f) || units[0];
    const text = (amount / factor).toFixed(2).replace(/\.00$/, "");
    if (text === "0" || text === "-0") return "0";
    return (sign && amount > 0 ? "+" : "") + text.replace("-", "\u2212") + unit;
  }
  function share(part, whole) {
    const percent = whole ? Math.abs(part / whole) * 100 : 0;
    if (percent >= 99.95 && percent <= 100.05) return "100%";
    return (percent >= 1 || !percent ? percent.toFixed(percent ? 2 : 0) : String(+percent.toPrecision(2))) + "%";
  }
  const net = (at, i) => at.plus[i] - at.minus[i];
  const total = () => kinds[view.kind].total;

  // The view, and its address.
  const view = { kind: 0, zoom: 0, query: "", on: -1 };
  function address() {
    const parts = [];
    if (view.kind) parts.push("kind=" + encodeURIComponent(kinds[view.kind].name));
    if (view.zoom) parts.push("box=" + view.zoom);
    if (view.query) parts.push("find=" + encodeURIComponent(view.query));
    return "#" + parts.join("&");
  }
  function read() {
    const said = new URLSearchParams(location.hash.slice(1)), box = Number(said.get("box"));
    view.kind = Math.max(0, kinds.findIndex((k) => k.name === said.get("kind")));
    view.zoom = Number.isInteger(box) && box > 0 && box < count ? box : 0;
    view.query = said.get("find") || "";
    view.on = -1;
    if (find.value !== view.query) find.value = view.query;
    draw();
  }
  function go(change, replace) {
    Object.assign(view, change);
    history[replace ? "replaceState" : "pushState"](null, "", address());
    draw();
  }

  // Search: which frames match is found once a query.
  let searched = "", hits = null;
  function search() {
    if (view.query === searched) return;
    [searched, hits] = [view.query, null];
    find.classList.remove("plain");
    if (!searched) return;
    let matches;
    try {
      const pattern = new RegExp(searched, /[A-Z]/.test(searched) ? "" : "i");
      matches = (text) => pattern.test(text);
    } catch {
      find.classList.add("plain");
      matches = (text) => text.toLowerCase().includes(searched.toLowerCase());
    }
    hits = names.map((text, i) => matches(text) || matches(files[file[i]]));
  }
  const hit = (i) => hits !== null && frame[i] >= 0 && hits[frame[i]];
  function tell(at) {
    if (!hits) { found.textContent = ""; return; }
    let plus = 0, minus = 0, boxes = 0;
    for (let i = 0, inside = Infinity; i < count; i++) {
      if (hit(i) && at.width[i]) boxes++;
      if (depth[i] > inside) continue;
      inside = Infinity;
      if (hit(i)) { plus += at.plus[i]; minus += at.minus[i]; inside = depth[i]; }
    }
    const sum = plus - minus;
    found.textContent = boxes ? `${value(sum, diff)} in ${boxes} ${boxes === 1 ? "box" : "boxes"}, ${share(sum, total())} of ${based ? "the base" : "total"}` : "no match";
  }

  // Text that fits, measured once a character.
  const pen = document.createElement("canvas").getContext("2d"), widths = new Map();
  pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  function letter(c) {
    if (!widths.has(c)) widths.set(c, pen.measureText(c).width);
    return widths.get(c);
  }
  function fit(text, room) {
    let used = 0, kept = "", end = letter("…");
    const letters = [...text];
    for (const [i, c] of letters.entries()) {
      const rest = i + 1 < letters.length ? end : 0;
      if (used + letter(c) + rest > room) {
        // It may fit all the same, if nothing but little is left.
        const whole = letters.slice(i).reduce((sum, l) => sum + letter(l), used);
        return whole <= room ? [text, whole] : [kept.length > 1 ? kept + "…" : "", room];
      }
      used += letter(c);
      kept += c;
    }
    return [text, used];
  }

  const SVG = "http://www.w3.org/2000/svg";
  function element(tag, attributes, text) {
    const made = document.createElementNS(SVG, tag);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    if (text) made.textContent = text;
    return made;
  }
  function tint(at, i) {
    if (!diff) return frame[i] < 0 ? "root" : "c" + colour[frame[i]];
    const step = at.width[i] ? Math.round(net(at, i) / at.width[i] * 5) : 0;
    return (step < 0 ? "s" : "g") + Math.abs(step);
  }
  // What was folded into box i, with the boxes on it that are too narrow to be drawn, is box ~i.
  function box(at, i, x, y, width) {
    const other = i < 0, drawn = element("g", { class: "b " + (other ? "other" : tint(at, i)), "data-box": i });
    if (!other && hit(i)) drawn.classList.add("hit");
    if (i === view.on) drawn.classList.add("on");
    drawn.append(element("rect", { x, y, width: Math.max(width - 0.6, 0.3), height: ROW - 1, rx: width > 6 ? 2 : 0 }));
    if (width > 22) {
      const [words, used] = fit(other ? "(other)" : short(i), width - 9);
      const text = element("text", { x: x + 4, y: y + 14 }, words);
      const amount = other ? "" : " " + value(net(at, i), diff);
      if (words && amount && used + fit(amount, 1e9)[1] + 14 < width) {
        const small = element("tspan", { class: "v", dx: 4 }, amount);
        text.append(small);
      }
      drawn.append(text);
    }
    return drawn;
  }

  function draw() {
    search();
    const at = layout(view.kind), room = Math.max(picture.clientWidth - 12, 100), whole = at.width[view.zoom];
    const scale = whole ? room / whole : 0, left = at.start[view.zoom], top = depth[view.zoom];
    const svg = element("svg", { width: room, role: "img", "aria-label": "flame graph" });
    let rows = 1;
    const open = [view.zoom];
    while (open.length) {
      const i = open.pop(), width = i === view.zoom ? room : at.width[i] * scale;
      const row = depth[i] - top, x = (at.start[i] - left) * scale;
      rows = Math.max(rows, row + 1);
      svg.append(box(at, i, x, row * ROW, width));
      let end = at.start[i], small = at.rest[i];
      const drawn = [];
      for (const child of at.order[i]) {
        if (at.width[child] * scale >= NARROWEST) { drawn.push(child); end += at.width[child]; } else small += at.width[child];
      }
      open.push(...drawn.reverse());
      // The widest come first, so that all that is too narrow stands together with what was folded.
      if (small * scale >= NARROWEST) {
        rows = Math.max(rows, row + 2);
        svg.append(box(at, ~i, (end - left) * scale, (row + 1) * ROW, small * scale));
      }
    }
    svg.setAttribute("height", rows * ROW);
    svg.classList.toggle("searching", hits !== null);
    picture.replaceChildren(svg);
    for (const button of get("kinds").children) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.kind) === view.kind));
    }
    path();
    tell(at);
    say(view.on >= 0 ? view.on : view.zoom);
  }

  function path() {
    const steps = [];
    for (let i = view.zoom; view.zoom && i >= 0; i = parent[i]) steps.unshift(i);
    crumbs.replaceChildren(...steps.map((i) => {
      const step = document.createElement(i === view.zoom ? "b" : "a");
      step.textContent = short(i);
      step.title = name(i);
      if (i !== view.zoom) {
        step.href = "#";
        step.addEventListener("click", (event) => { event.preventDefault(); go({ zoom: i, on: -1 }); });
      }
      return step;
    }));
    if (!view.zoom) crumbs.append(kinds[view.kind].total ? "a click on a box zooms in" : "nothing to see");
  }

  function others(at, i) {
    const scale = (picture.clientWidth - 12) / (at.width[view.zoom] || 1);
    const narrow = at.order[i].filter((child) => at.width[child] > 0 && at.width[child] * scale < NARROWEST);
    const sum = narrow.reduce((all, child) => all + at.width[child], 0);
    return narrow.length ? `${narrow.length} narrow ${narrow.length === 1 ? "box" : "boxes"} with ${value(sum)}: a click on what is above widens them` : "no narrow boxes";
  }

  // What a box is, in two lines.
  function say(i) {
    const at = layout(view.kind), base = based ? "the base" : "total", rows = [document.createElement("div"), document.createElement("div")];
    const head = document.createElement("b"), where = document.createElement("span");
    head.textContent = i < 0 ? `(other) below ${name(~i)}` : name(i);
    where.className = "place";
    where.textContent = i < 0 ? "" : place(i);
    rows[0].append(head, where);
    if (i < 0) {
      rows[1].textContent = `${others(at, ~i)}; ${value(at.rest[~i])} in call paths that have no box in this page`;
    } else {
      const cum = net(at, i), above = parent[i] < 0 ? "" : ` · ${share(cum, net(at, parent[i]))} of parent`;
      const sides = based ? ["after", "before"] : ["grown", "shrunk"];
      const both = diff ? ` · ${sides[0]} ${value(at.plus[i])} · ${sides[1]} ${value(at.minus[i])}` : "";
      const own = at.own(i);
      rows[1].textContent = `${diff ? "net" : "cum"} ${value(cum, diff)} · ${share(cum, total())} of ${base}${above}${both} · flat ${value(own, diff)} (${share(own, total())})`;
    }
    says.replaceChildren(...rows);
  }

  // Keys walk over boxes that are drawn.
  function select(i) {
    if (i === undefined || i < 0) return;
    let zoom = view.zoom;
    while (zoom > 0 && (depth[i] < depth[zoom] || !within(i, zoom))) zoom = parent[zoom];
    if (zoom !== view.zoom) { go({ zoom, on: i }); } else {
      picture.querySelector(".on")?.classList.remove("on");
      view.on = i;
      say(i);
    }
    const drawn = picture.querySelector(`[data-box="${i}"]`);
    drawn?.classList.add("on");
    drawn?.scrollIntoView({ block: "nearest" });
  }
  function within(i, zoom) {
    while (depth[i] > depth[zoom]) i = parent[i];
    return i === zoom;
  }
  function walk(key) {
    const at = layout(view.kind), i = view.on < 0 ? view.zoom : view.on, row = i ? at.order[parent[i]] : [i];
    if (view.on < 0 && key !== "ArrowUp") return select(key === "ArrowDown" ? at.order[i][0] ?? i : i);
    const next = { ArrowUp: parent[i], ArrowDown: at.order[i][0], ArrowLeft: row[row.indexOf(i) - 1], ArrowRight: row[row.indexOf(i) + 1] }[key];
    if (next !== undefined && at.width[next]) select(next);
  }
  function nextMatch(back) {
    const at = layout(view.kind), all = [];
    for (let i = 0; i < count; i++) if (hit(i) && at.width[i] && within(i, 0)) all.push(i);
    all.sort((a, b) => at.width[b] - at.width[a] || a - b);
    if (!all.length) return;
    const now = all.indexOf(view.on), step = back ? -1 : 1;
    const next = all[((now < 0 && back ? 0 : now) + step + all.length) % all.length];
    const scale = picture.clientWidth / at.width[view.zoom];
    // A match too narrow to be seen is shown by zooming to it.
    if (at.width[next] * scale < 2) go({ zoom: next, on: next }); else select(next);
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const searching = document.activeElement === find;
    if (event.key === "Escape") {
      if (view.query) { find.value = ""; go({ query: "" }, true); }
      else if (view.zoom) go({ zoom: 0, on: -1 });
      else { view.on = -1; draw(); }
      find.blur();
    } else if (searching) {
      if (event.key === "Enter") nextMatch(event.shiftKey);
      return;
    } else if (event.key === "/") {
      find.focus();
      find.select();
    } else if (event.key.startsWith("Arrow")) {
      walk(event.key);
    } else if (event.key === "Enter" && view.on >= 0 && document.activeElement.tagName !== "A" && document.activeElement.tagName !== "BUTTON") {
      go({ zoom: view.on });
    } else {
      return;
    }
    event.preventDefault();
  });

  const under = (event) => {
    const drawn = event.target.closest?.("[data-box]");
    return drawn ? Number(drawn.dataset.box) : null;
  };
  picture.addEventListener("click", (event) => {
    const i = under(event);
    if (i === null) return;
    const onto = i < 0 ? ~i : i;
    if (onto !== view.zoom) go({ zoom: onto, on: -1 });
  });
  picture.addEventListener("pointerover", (event) => { const i = under(event); if (i !== null) say(i); });
  picture.addEventListener("pointerleave", () => say(view.on >= 0 ? view.on : view.zoom));
  find.addEventListener("input", () => go({ query: find.value, on: -1 }, true));
  let waiting = 0;
  addEventListener("resize", () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(draw); });
  addEventListener("hashchange", read);

  const buttons = kinds.map((kind, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = kind.name || "value";
    button.dataset.kind = i;
    button.addEventListener("click", () => go({ kind: i }));
    return button;
  });
  get("kinds").append(...buttons.sort((a, b) => kinds[a.dataset.kind].place - kinds[b.dataset.kind].place));
  get("controls").hidden = get("keys").hidden = false;
  get("table").open = false;
  read();
})();

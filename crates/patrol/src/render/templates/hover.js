"use strict";
// Read-outs at once and beside the pointer, in place of the browser's slow ones; the words come from the titles.
(() => {
  const box = document.createElement("div");
  box.className = "readout";
  box.hidden = true;
  document.body.append(box);
  for (const svg of document.querySelectorAll("svg.pc")) {
    const words = new Map();
    for (const column of svg.querySelectorAll(".pc-hover rect")) {
      const title = column.querySelector("title");
      if (title) { words.set(column, title.textContent); title.remove(); }
    }
    const cursor = document.createElementNS("http://www.w3.org/2000/svg", "path");
    cursor.setAttribute("class", "pc-cursor");
    svg.append(cursor);
    svg.addEventListener("pointermove", (event) => {
      const says = words.get(event.target);
      box.hidden = !says;
      cursor.style.display = says ? "" : "none";
      if (!says) return;
      const rect = event.target, n = (name) => parseFloat(rect.getAttribute(name));
      cursor.setAttribute("d", `M${n("x") + n("width") / 2} ${n("y")}v${n("height")}`);
      box.textContent = says;
      const right = event.clientX + box.offsetWidth + 24 > document.documentElement.clientWidth;
      box.style.left = `${event.pageX + (right ? -box.offsetWidth - 14 : 14)}px`;
      box.style.top = `${event.pageY + 14}px`;
    });
    svg.addEventListener("pointerleave", () => { box.hidden = true; cursor.style.display = "none"; });
  }
})();

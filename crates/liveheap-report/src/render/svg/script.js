// Moves, zooms and searches the picture that this stands in. Without it the picture is the same,
// only still. Drag or arrow keys move, the wheel, two fingers, + and - zoom, 0 shows everything.
// A click on a box shows its arrows; / starts a search in names, Enter goes on, Escape ends.
(function () {
  "use strict";
  const script = document.currentScript;
  const svg = (script && script.closest("svg")) || document.documentElement;
  const viewport = svg.querySelector("#viewport");
  const box = svg.viewBox.baseVal;
  const drawing = { width: box.width, height: box.height };
  // The picture as a file of its own fills the window; inside of a page it keeps its place.
  if (svg === document.documentElement) {
    svg.setAttribute("width", "100%");
    svg.setAttribute("height", "100%");
  }
  svg.removeAttribute("viewBox");
  svg.style.touchAction = "none";

  // The point (x, y) of the drawing is shown at (left + scale * x, top + scale * y).
  const view = { left: 0, top: 0, scale: 1 };

  function show() {
    viewport.setAttribute("transform", `matrix(${view.scale} 0 0 ${view.scale} ${view.left} ${view.top})`);
  }

  function showEverything() {
    const size = svg.getBoundingClientRect();
    view.scale = Math.min(1.5, size.width / drawing.width, size.height / drawing.height);
    view.left = (size.width - drawing.width * view.scale) / 2;
    view.top = (size.height - drawing.height * view.scale) / 2;
    show();
  }

  function move(right, down) {
    view.left += right;
    view.top += down;
    show();
  }

  // Zooms so that the point of the window at (x, y) stays where it is.
  function zoom(factor, x, y) {
    const scale = Math.min(20, Math.max(0.02, view.scale * factor));
    view.left = x - (x - view.left) * (scale / view.scale);
    view.top = y - (y - view.top) * (scale / view.scale);
    view.scale = scale;
    show();
  }

  function zoomInMiddle(factor) {
    const size = svg.getBoundingClientRect();
    zoom(factor, size.width / 2, size.height / 2);
  }

  // Where a pointer is in the picture's own window.
  function place(event) {
    const origin = svg.getBoundingClientRect();
    return { x: event.clientX - origin.left, y: event.clientY - origin.top };
  }

  svg.addEventListener("wheel", function (event) {
    event.preventDefault();
    const at = place(event);
    // A line of a wheel that counts lines is about 16 pixels.
    const pixels = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
    zoom(Math.exp(-pixels * 0.002), at.x, at.y);
  }, { passive: false });

  // Pointers that are down, by id; one moves the picture, two zoom it.
  const pointers = new Map();
  let dragged = false;

  svg.addEventListener("pointerdown", function (event) {
    if (event.button !== 0) return;
    pointers.set(event.pointerId, place(event));
    dragged = false;
  });

  svg.addEventListener("pointermove", function (event) {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = place(event);
    if (!dragged) {
      // A hand that trembles does not drag.
      if (Math.hypot(now.x - before.x, now.y - before.y) < 4) return;
      dragged = true;
      svg.setPointerCapture(event.pointerId);
    }
    if (pointers.size === 1) {
      move(now.x - before.x, now.y - before.y);
    } else {
      for (const [id, other] of pointers) {
        if (id === event.pointerId) continue;
        const apart = Math.hypot(before.x - other.x, before.y - other.y);
        const factor = Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, apart);
        zoom(factor, other.x, other.y);
        break;
      }
    }
    pointers.set(event.pointerId, now);
  });

  for (const end of ["pointerup", "pointercancel"]) {
    svg.addEventListener(end, (event) => pointers.delete(event.pointerId));
  }

  const nodes = Array.from(svg.querySelectorAll(".node"));
  const edges = Array.from(svg.querySelectorAll(".edge"));

  // Shows only what `keeps` says at full strength.
  function emphasize(keeps) {
    for (const group of svg.querySelectorAll(".node, .edge, .tag")) {
      group.classList.toggle("faded", !keeps(group));
    }
  }

  function clear() {
    emphasize(() => true);
    nodes.forEach((node) => node.classList.remove("found"));
  }

  svg.addEventListener("click", function (event) {
    if (dragged) return;
    const node = event.target.closest(".node");
    clear();
    if (!node) return;
    const kept = new Set([node]);
    for (const edge of edges) {
      const ends = [edge.dataset.from, edge.dataset.to];
      if (ends.includes(node.id)) {
        kept.add(edge);
        ends.forEach((id) => kept.add(nodes.find((other) => other.id === id)));
      }
    }
    emphasize((group) => kept.has(group));
  });

  const help = document.createElementNS("http://www.w3.org/2000/svg", "text");
  help.setAttribute("class", "help");
  help.setAttribute("x", "8");
  help.setAttribute("y", "100%");
  help.setAttribute("dy", "-8");
  svg.appendChild(help);

  let query = null;
  let found = [];
  let next = 0;

  function tell() {
    help.textContent = query === null
      ? "drag moves, wheel zooms, click shows callers and callees, / searches, 0 shows everything"
      : `search: ${query}_ (${found.length} found, Enter goes on, Escape ends)`;
  }

  function search() {
    const wanted = query.toLowerCase();
    const name = (node) => node.querySelector("title").textContent.toLowerCase();
    found = wanted === "" ? [] : nodes.filter((node) => name(node).includes(wanted));
    next = 0;
    nodes.forEach((node) => node.classList.toggle("found", found.includes(node)));
    emphasize((group) => wanted === "" || found.includes(group));
  }

  // Brings the next node that was found to the middle, large enough to be read.
  function goOn() {
    if (found.length === 0) return;
    const node = found[next % found.length];
    next += 1;
    view.scale = Math.max(view.scale, 1);
    show();
    const frame = svg.getBoundingClientRect();
    const rect = node.getBoundingClientRect();
    move(
      frame.left + frame.width / 2 - rect.left - rect.width / 2,
      frame.top + frame.height / 2 - rect.top - rect.height / 2,
    );
  }

  const actions = {
    "0": showEverything,
    "+": () => zoomInMiddle(1.25),
    "=": () => zoomInMiddle(1.25),
    "-": () => zoomInMiddle(0.8),
    ArrowLeft: () => move(60, 0),
    ArrowRight: () => move(-60, 0),
    ArrowUp: () => move(0, 60),
    ArrowDown: () => move(0, -60),
    Escape: clear,
    "/": () => {
      query = "";
      search();
    },
  };

  // Keys while a search is typed; whether it was one.
  function typed(key) {
    if (key === "Escape") {
      query = null;
      clear();
    } else if (key === "Enter") {
      goOn();
    } else if (key === "Backspace") {
      query = query.slice(0, -1);
      search();
    } else if (key.length === 1) {
      query += key;
      search();
    } else {
      return false;
    }
    return true;
  }

  // A picture inside of a page leaves the keys to the page.
  if (svg === document.documentElement) {
    document.addEventListener("keydown", function (event) {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (query !== null && typed(event.key)) {
        event.preventDefault();
      } else if (query === null && Object.hasOwn(actions, event.key)) {
        event.preventDefault();
        actions[event.key]();
      }
      tell();
    });
    window.addEventListener("resize", showEverything);
    tell();
  }
  showEverything();
})();

(function () {
  "use strict";
  var root = document.documentElement, data = JSON.parse(document.getElementById("data").textContent);
  var tip = document.getElementById("tip");
  root.classList.add("has-js");

  // Light and dark: what the system says, until the reader says otherwise.
  var button = document.getElementById("theme"), system = matchMedia("(prefers-color-scheme: dark)");
  function theme() { return root.dataset.theme || (system.matches ? "dark" : "light"); }
  function named() { button.textContent = theme() === "dark" ? "Light" : "Dark"; }
  try { if (localStorage.lossdoctorTheme) root.dataset.theme = localStorage.lossdoctorTheme; } catch (e) {}
  button.addEventListener("click", function () {
    root.dataset.theme = theme() === "dark" ? "light" : "dark";
    try { localStorage.lossdoctorTheme = root.dataset.theme; } catch (e) {}
    named();
  });
  system.addEventListener("change", named);
  named();

  document.querySelectorAll("[data-copy]").forEach(function (b) {
    b.addEventListener("click", function () {
      var node = document.getElementById(b.dataset.copy), range = document.createRange();
      range.selectNodeContents(node);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      var said = function () { b.textContent = "Copied"; setTimeout(function () { b.textContent = "Copy"; }, 1500); };
      if (navigator.clipboard && isSecureContext) navigator.clipboard.writeText(node.textContent).then(said, function () {});
      else if (document.execCommand("copy")) said();
    });
  });

  // On paper nothing can be unfolded.
  var opened = [];
  addEventListener("beforeprint", function () {
    document.querySelectorAll("details:not([open])").forEach(function (d) { d.open = true; opened.push(d); });
  });
  addEventListener("afterprint", function () { opened.splice(0).forEach(function (d) { d.open = false; }); });

  function digits(v) {
    if (v === null || v === undefined) return "\u2013";
    if (v === 0) return "0";
    var a = Math.abs(v);
    if (a < 1e-2 || a >= 1e5) {
      var p = v.toExponential(2).split("e");
      return String(parseFloat(p[0])) + "e" + parseInt(p[1], 10);
    }
    return String(parseFloat(v.toPrecision(3)));
  }
  function say(text, x, y) {
    tip.textContent = text;
    tip.hidden = false;
    var w = tip.offsetWidth, h = tip.offsetHeight;
    tip.style.left = Math.max(6, Math.min(innerWidth - w - 6, x + 14 + w > innerWidth ? x - w - 14 : x + 14)) + "px";
    tip.style.top = Math.max(6, Math.min(innerHeight - h - 6, y - h - 10)) + "px";
  }
  function mark(area, name) {
    var node = document.createElement("span");
    node.className = name;
    area.appendChild(node);
    return node;
  }
  function nearest(xs, x) {
    var a = 0, b = xs.length - 1;
    while (b - a > 1) { var m = (a + b) >> 1; if (xs[m] < x) a = m; else b = m; }
    return Math.abs(xs[a] - x) <= Math.abs(xs[b] - x) ? a : b;
  }

  function line(area, d) {
    var marks = [], share = 0;
    function clear() { marks.splice(0).forEach(function (n) { n.remove(); }); tip.hidden = true; }
    function show(s, top) {
      clear();
      share = Math.max(0, Math.min(1, s));
      var x = d.x[0] + share * (d.x[1] - d.x[0]), at = null, rows = [];
      d.s.forEach(function (one, k) {
        var path = area.querySelector('path[data-curve="' + k + '"]');
        if (!one.x.length || path.classList.contains("off")) return;
        var i = nearest(one.x, at === null ? x : at), y = one.y[i];
        if (at === null) at = one.x[i];
        rows.push([y === null ? -Infinity : y, one.n + "  " + digits(y)]);
        if (y === null || (d.log && y <= 0)) return;
        var up = ((d.log ? Math.log10(y) : y) - d.y[0]) / (d.y[1] - d.y[0]), dot = mark(area, "dot");
        dot.style.left = (one.x[i] - d.x[0]) / (d.x[1] - d.x[0]) * 100 + "%";
        dot.style.top = (1 - up) * 100 + "%";
        dot.style.background = getComputedStyle(path).stroke;
        marks.push(dot);
      });
      if (at === null) return;
      var cross = mark(area, "cross"), box = area.getBoundingClientRect(), p = (at - d.x[0]) / (d.x[1] - d.x[0]);
      cross.style.left = p * 100 + "%";
      marks.push(cross);
      rows.sort(function (a, b) { return b[0] - a[0]; });
      say(d.xl + " " + digits2(at) + "\n" + rows.map(function (r) { return r[1]; }).join("\n"), box.left + p * box.width, top === undefined ? box.top + box.height / 2 : top);
    }
    function digits2(v) { return Number.isInteger(v) ? String(v) : digits(v); }
    bind(area, show, clear, function (key) { show(share + (key === "ArrowRight" ? 0.01 : key === "ArrowLeft" ? -0.01 : 0)); });
  }

  function heat(area, d) {
    var frame = null, c = 0, r = 0;
    function clear() { if (frame) frame.remove(); frame = null; tip.hidden = true; }
    function at(col, row) {
      clear();
      c = Math.max(0, Math.min(d.cols.length - 1, col));
      r = Math.max(0, Math.min(d.rows.length - 1, row));
      if (!d.v[r]) return;
      frame = mark(area, "cell");
      frame.style.left = c / d.cols.length * 100 + "%";
      frame.style.top = r / d.rows.length * 100 + "%";
      frame.style.width = 100 / d.cols.length + "%";
      frame.style.height = 100 / d.rows.length + "%";
      var box = frame.getBoundingClientRect(), v = d.v[r][c];
      say(d.xl + " " + d.cols[c] + "\n" + d.yl + " " + d.rows[r] + "\n" + (v === null ? "not measured" : v), box.right, box.top);
    }
    bind(area, function (s, top) {
      var box = area.getBoundingClientRect();
      at(Math.floor(s * d.cols.length), Math.floor((top - box.top) / box.height * d.rows.length));
    }, clear, function (key) {
      at(c + (key === "ArrowRight") - (key === "ArrowLeft"), r + (key === "ArrowDown") - (key === "ArrowUp"));
    });
  }

  function bind(area, show, clear, step) {
    function moved(e) {
      var box = area.getBoundingClientRect();
      show((e.clientX - box.left) / box.width, e.clientY);
    }
    area.addEventListener("pointermove", moved);
    area.addEventListener("pointerdown", moved);
    area.addEventListener("pointerleave", clear);
    area.addEventListener("blur", clear);
    area.addEventListener("keydown", function (e) {
      if (e.key === "Escape") clear();
      if (!/^Arrow/.test(e.key)) return;
      e.preventDefault();
      step(e.key);
    });
  }
  document.querySelectorAll("[data-chart]").forEach(function (area) {
    var d = data[area.dataset.chart];
    if (d) (d.s ? line : heat)(area, d);
  });

  // Legends switch curves off and on; rows of the what-if table bring theirs forward.
  function plot(id) {
    return Array.prototype.find.call(document.querySelectorAll("[data-chart]"), function (a) { return a.dataset.chart === id; });
  }
  document.querySelectorAll("[data-chart-of]").forEach(function (b) {
    var path = plot(b.dataset.chartOf).querySelector('path[data-curve="' + b.dataset.curve + '"]');
    b.addEventListener("click", function () {
      b.setAttribute("aria-pressed", String(!path.classList.toggle("off")));
    });
  });
  document.querySelectorAll("table[data-for]").forEach(function (table) {
    var area = plot(table.dataset.for);
    table.querySelectorAll("tr[data-curve]").forEach(function (row) {
      var path = area.querySelector('path[data-curve="' + row.dataset.curve + '"]');
      function on(yes) {
        return function () { [row, path].forEach(function (n) { n.classList.toggle("on", yes); }); area.classList.toggle("dim", yes); };
      }
      row.addEventListener("pointerenter", on(true));
      row.addEventListener("pointerleave", on(false));
    });
  });
})();

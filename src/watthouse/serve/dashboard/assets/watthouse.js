// An address is a view: links and fields change the address, and the page follows it.
(function () {
  "use strict";

  const kept = (name) => {
    try { return window.localStorage.getItem(name); } catch { return null; }
  };
  const keep = (name, value) => {
    try { window.localStorage.setItem(name, value); } catch { /* a browser that keeps nothing */ }
  };
  // A page is drawn anew for each view: who chooses by the keyboard goes on from where they were.
  let focused = "";
  const refocus = () => {
    const same = focused && document.activeElement === document.body && document.getElementById(focused);
    if (same) same.focus({ preventScroll: true });
  };
  const go = (href) => {
    const active = document.activeElement;
    focused = active && (["A", "SELECT"].includes(active.tagName) || active.type === "range") ? active.id : "";
    window.history.pushState({}, "", href);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  };

  window.watthouseGo = go; // for scripts of single pages

  // What draws tables is fetched where there is one to draw.
  let fetched = null;
  function tables() {
    fetched = fetched || new Promise((done) => {
      const script = document.createElement("script");
      script.src = "/_dash-component-suites/dash_ag_grid/dash_ag_grid.min.js";
      script.onload = done;
      script.onerror = () => { fetched = null; done(); };
      document.head.append(script);
    });
    return fetched;
  }

  // Blocks of two versions of the data would not fit together: all of them are asked for anew.
  let read = [];
  function rows(of) {
    const rebuilt = of && of[0] === read[0] && of[1] !== read[1];
    read = of || read;
    if (rebuilt && document.getElementById("mart-grid")) {
      const table = window.dash_ag_grid.getApi("mart-grid");
      if (table) table.purgeInfiniteCache();
    }
    return window.dash_clientside.no_update;
  }

  // A table asks for its rows itself, and so does the page Live; to be drawn anew would cost its reader what is sorted,
  // filtered and scrolled to.
  function keepsItself() {
    const asked = window.dash_clientside.callback_context.triggered;
    const itself = document.getElementById("mart-grid") || document.getElementById("live");
    return itself && asked.length === 1 && asked[0].prop_id.startsWith("tick");
  }

  function chosen(query, name, fallback) {
    const said = new URLSearchParams(query).get(name);
    if (said) keep(name, said);
    return said || kept(name) || fallback;
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    watthouse: {
      view(path, query) {
        if (keepsItself()) return [window.dash_clientside.no_update, window.dash_clientside.no_update];
        const spoken = (navigator.language || "en").startsWith("fr") ? "fr" : "en";
        const paper = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
        const language = chosen(query, "lang", spoken) === "fr" ? "fr" : "en";
        const theme = chosen(query, "theme", paper) === "dark" ? "dark" : "light";
        document.documentElement.lang = language;
        const seen = [{ path, query, language, dark: theme === "dark" }, theme];
        return (path || "").startsWith("/data/") ? tables().then(() => seen) : seen;
      },
      title(title) {
        if (title) document.title = title;
        window.requestAnimationFrame(refocus);
        document.querySelectorAll("#head nav .here, .choice .here").forEach((here) => {
          here.scrollIntoView({ block: "nearest", inline: "center" });
        });
        return window.dash_clientside.no_update;
      },
      rows,
      region(clicked) {
        const point = clicked && clicked.points && clicked.points[0];
        if (point && point.location && document.getElementById("regions-map")) {
          go("/regions/" + point.location + window.location.search);
        }
        return window.dash_clientside.no_update;
      },
    },
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const href = link.getAttribute("href");
    if (link.id === "permalink") {
      event.preventDefault();
      go(href);
      if (navigator.clipboard) {
        navigator.clipboard.writeText(link.href).then(() => {
          const words = link.textContent;
          link.textContent = link.dataset.copied;
          setTimeout(() => { link.textContent = words; }, 1500);
        }, () => {});
      }
      return;
    }
    const elsewhere = !href.startsWith("/") || href.startsWith("/api/") || href.startsWith("/docs");
    if (elsewhere || link.hasAttribute("download") || link.target) return;
    event.preventDefault();
    const samePage = new URL(link.href).pathname === window.location.pathname;
    go(href);
    if (!samePage) window.scrollTo(0, 0);
  });

  document.addEventListener("change", (event) => {
    const name = event.target.dataset && event.target.dataset.param;
    if (!name) return;
    const query = new URLSearchParams(window.location.search);
    // both ends of a period stand in the address, so that changing one leaves the other where it is seen
    document.querySelectorAll("input[type=date][data-param]").forEach((field) => {
      if (field.value && (field === event.target || field.dataset.group === event.target.dataset.group)) {
        query.set(field.dataset.param, field.value);
      }
    });
    (event.target.dataset.clears || "").split(" ").forEach((other) => query.delete(other));
    if (event.target.value) query.set(name, event.target.value);
    else query.delete(name);
    go(window.location.pathname + "?" + query.toString());
  });

  // A picture leaves the page, and must not leave behind what the page says around it: its title, and whose figures
  // these are. So Plotly's button is answered here.
  const PICTURE = ["Download plot as a PNG", "Télécharger l'image (PNG)"];
  const SCALE = 2;
  const MARGIN = 12;

  function wrapped(pen, words, width) {
    const lines = [""];
    words.split(" ").forEach((word) => {
      const longer = (lines[lines.length - 1] + " " + word).trim();
      if (pen.measureText(longer).width <= width) lines[lines.length - 1] = longer;
      else lines.push(word);
    });
    return lines;
  }

  async function picture(chart) {
    const { width, height, meta } = chart._fullLayout;
    const drawn = new Image();
    drawn.src = await window.Plotly.toImage(chart, { format: "png", width, height, scale: SCALE });
    await drawn.decode();
    const paper = getComputedStyle(chart.closest(".card") || document.body);
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d");
    const parts = [[(meta || {}).title, "600 15px ", 20], [(meta || {}).whose, "11px ", 15]].map(([words, font, line]) => {
      pen.font = font + paper.fontFamily;
      return { lines: words ? wrapped(pen, words, width - 2 * MARGIN) : [], font: font + paper.fontFamily, line };
    });
    const [above, below] = parts.map((part) => (part.lines.length ? part.lines.length * part.line + MARGIN : 0));
    canvas.width = width * SCALE;
    canvas.height = (above + height + below) * SCALE;
    pen.scale(SCALE, SCALE);
    pen.fillStyle = paper.backgroundColor;
    pen.fillRect(0, 0, width, above + height + below);
    pen.drawImage(drawn, 0, above, width, height);
    pen.fillStyle = paper.color;
    pen.textBaseline = "top";
    [MARGIN, above + height].forEach((top, at) => {
      pen.font = parts[at].font;
      parts[at].lines.forEach((line, number) => pen.fillText(line, MARGIN, top + number * parts[at].line));
    });
    const link = document.createElement("a");
    link.download = chart._context.toImageButtonOptions.filename + ".png";
    link.href = canvas.toDataURL("image/png");
    link.click();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest(".modebar-btn");
    if (!button || !PICTURE.includes(button.dataset.title)) return;
    event.stopPropagation();
    event.preventDefault();
    picture(button.closest(".js-plotly-plot"));
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details.downloads[open]").forEach((open) => open.removeAttribute("open"));
  });
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.downloads[open]").forEach((open) => {
      if (!open.contains(event.target)) open.removeAttribute("open");
    });
  });
})();

// What tables call to write a number in their reader's language.
window.dashAgGridFunctions = Object.assign(window.dashAgGridFunctions || {}, {
  watthouseNumber(value, language) {
    if (value === null || value === undefined) return "";
    return new Intl.NumberFormat(language === "fr" ? "fr-FR" : "en-GB", { maximumFractionDigits: 4 }).format(value);
  },
});

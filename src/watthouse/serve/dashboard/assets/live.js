// The page Live moves by itself: the server says that something changed, and the page asks for what it shows.
(function () {
  "use strict";

  const EVENTS = "/api/v1/live/events";
  const SILENT = 25000; // ms: the server says something at least every ten seconds
  const AGAIN = 5000;
  const HOUR = 3600000;
  const FRESH = 2 * HOUR;
  const LATE = 6 * HOUR;

  let source = null;
  let heard = 0;
  let opened = 0;

  const shown = () => document.getElementById("live");

  function say(on) {
    const words = document.getElementById("live-connection");
    if (!words) return;
    const text = on ? words.dataset.on : words.dataset.off;
    if (words.textContent !== text) words.textContent = text;
    words.dataset.state = on ? "on" : "off";
  }

  function close() {
    if (source) source.close();
    source = null;
  }

  function changed(event) {
    heard = Date.now();
    say(true);
    const page = shown();
    if (page && event.lastEventId !== page.dataset.version) {
      window.dash_clientside.set_props("live-event", { data: event.lastEventId });
    }
  }

  function open() {
    close();
    opened = heard = Date.now();
    source = new EventSource(EVENTS);
    ["snapshot", "regions", "fault"].forEach((name) => source.addEventListener(name, changed));
    source.addEventListener("heartbeat", () => { heard = Date.now(); say(true); });
    source.onerror = () => { say(false); };
  }

  // A browser that slept has a connection that nobody answers, and one that was refused never tries again by itself.
  function keep() {
    const wanted = shown() && !document.hidden;
    if (!wanted) {
      close();
      return;
    }
    const dead = !source || source.readyState === EventSource.CLOSED || Date.now() - heard > SILENT;
    if (dead && Date.now() - opened > (source ? AGAIN : 0)) open();
  }

  function words(age, language) {
    const units = [["day", 24 * HOUR], ["hour", HOUR], ["minute", 60000]];
    const [unit, length] = units.find(([, least]) => age >= least) || units[2];
    return new Intl.RelativeTimeFormat(language, { numeric: "always" }).format(-Math.floor(age / length), unit);
  }

  function ages() {
    const language = document.documentElement.lang || "en";
    document.querySelectorAll(".age[data-instant]").forEach((place) => {
      const age = Math.max(0, Date.now() - Date.parse(place.dataset.instant));
      const text = words(age, language);
      if (place.textContent !== text) place.textContent = text;
      place.dataset.age = age < FRESH ? "fresh" : age < LATE ? "late" : "stale";
    });
  }

  document.addEventListener("visibilitychange", keep);
  window.addEventListener("pageshow", keep);
  window.addEventListener("online", () => { if (shown()) open(); });
  setInterval(() => { keep(); ages(); }, 500);

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    live: {
      // whichever map was clicked: its region is what the address names
      chosen() {
        const { triggered } = window.dash_clientside.callback_context;
        const clicked = triggered.length && triggered[0].value;
        const point = clicked && clicked.points && clicked.points[0];
        if (point && point.location && shown()) window.watthouseGo("/live/" + point.location + window.location.search);
        return window.dash_clientside.no_update;
      },
    },
  });
})();

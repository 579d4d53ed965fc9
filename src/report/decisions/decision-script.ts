/**
 * The script of a page about decisions: moves the threshold by mouse, finger and keys, and what depends on it. It reads numbers and sentences
 * that the page brings along and computes none of its own, so that page and program cannot disagree. Plain JavaScript for any browser of
 * the last years; a test runs it in one.
 */

/** What the script reads from the page. */
export interface DecisionScriptData {
  /** Places of the stops in the histogram, 0 to 1. */
  readonly places: readonly number[];
  /** Scores of the stops; null marks nothing. */
  readonly scores: readonly (number | null)[];
  /** Sentence, announcement and threshold of every stop. */
  readonly summaries: readonly string[];
  readonly announcements: readonly string[];
  readonly labels: readonly string[];
  /** By set: marked images and their share at every stop, as text. */
  readonly marked: readonly (readonly string[])[];
  readonly shares: readonly (readonly string[])[];
  /** The promised false-alarm rate at every stop, as text. */
  readonly promised: readonly string[];
  /** By dot of a curve: its id, and its place in view units at every stop. */
  readonly dots: readonly { readonly id: string; readonly at: readonly (readonly [number, number])[] }[];
  readonly frame: { readonly left: number; readonly right: number; readonly width: number };
  readonly initial: number;
}

export const decisionScript = `"use strict";
(function () {
  var data = JSON.parse(document.getElementById("decision-data").textContent);
  var histogram = document.getElementById("histogram");
  var slider = document.getElementById("threshold");
  var area = document.getElementById("marked-area");
  var frame = data.frame;
  var stop = data.initial;
  var last = data.places.length - 1;
  function put(id, text) {
    var element = document.getElementById(id);
    if (element) element.textContent = text;
  }
  function show(next) {
    stop = Math.min(last, Math.max(0, next));
    var x = frame.left + data.places[stop] * (frame.right - frame.left);
    slider.setAttribute("transform", "translate(" + x + " 0)");
    slider.setAttribute("aria-valuenow", String(stop));
    slider.setAttribute("aria-valuetext", data.announcements[stop]);
    area.setAttribute("x", String(x));
    area.setAttribute("width", String(Math.max(0, frame.right - x)));
    put("summary", data.summaries[stop]);
    put("threshold-label", data.labels[stop]);
    put("promised", data.promised[stop]);
    data.marked.forEach(function (texts, set) {
      put("marked-" + set, texts[stop]);
      put("share-" + set, data.shares[set][stop]);
    });
    data.dots.forEach(function (dot) {
      var element = document.getElementById(dot.id);
      element.setAttribute("cx", String(dot.at[stop][0]));
      element.setAttribute("cy", String(dot.at[stop][1]));
    });
    var score = data.scores[stop];
    document.querySelectorAll("[data-score]").forEach(function (item) {
      var marked = score !== null && Number(item.getAttribute("data-score")) > score;
      item.classList.toggle("marked", marked);
      item.querySelector(".flag").hidden = !marked;
    });
    var back = document.getElementById("reset");
    back.disabled = stop === data.initial;
  }
  function nearest(event) {
    var box = histogram.getBoundingClientRect();
    var x = ((event.clientX - box.left) / box.width) * frame.width;
    var place = (x - frame.left) / (frame.right - frame.left);
    var best = 0;
    for (var index = 1; index <= last; index++) {
      if (Math.abs(data.places[index] - place) < Math.abs(data.places[best] - place)) best = index;
    }
    return best;
  }
  var dragging = false;
  histogram.addEventListener("pointerdown", function (event) {
    if (event.button !== 0) return;
    dragging = true;
    histogram.setPointerCapture(event.pointerId);
    slider.focus({ preventScroll: true });
    show(nearest(event));
    event.preventDefault();
  });
  histogram.addEventListener("pointermove", function (event) {
    if (dragging) show(nearest(event));
  });
  ["pointerup", "pointercancel", "lostpointercapture"].forEach(function (name) {
    histogram.addEventListener(name, function () {
      dragging = false;
    });
  });
  slider.addEventListener("keydown", function (event) {
    var steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in steps) show(stop + steps[event.key]);
    else if (event.key === "Home") show(0);
    else if (event.key === "End") show(last);
    else return;
    event.preventDefault();
  });
  document.getElementById("reset").addEventListener("click", function () {
    show(data.initial);
  });
  var maps = document.getElementById("maps");
  if (maps) {
    maps.addEventListener("change", function () {
      document.body.classList.toggle("with-maps", maps.checked);
    });
  }
  document.getElementById("controls").hidden = false;
  show(stop);
})();
`;

// Marking pieces of texts, by mouse and by keyboard. Offsets count code points of the text as it is stored; what
// the page shows in place of a character that cannot be seen (i.odd) counts as one.

const SPACE = /\s/u;
const STEPS = {
  ArrowLeft: ["left", "character", "word"],
  ArrowRight: ["right", "character", "word"],
  ArrowUp: ["backward", "line", "line"],
  ArrowDown: ["forward", "line", "line"],
  Home: ["backward", "lineboundary", "lineboundary"],
  End: ["forward", "lineboundary", "lineboundary"],
};

// The code points of a text: each as it stands there, a character or an element.
function pointsOf(box) {
  return [...box.childNodes].flatMap((node) => (node.nodeType === Node.TEXT_NODE ? [...node.data] : [node]));
}

// What a mark does not begin or end with: spaces, and what cannot be seen.
function isSpace(point) {
  return typeof point !== "string" || SPACE.test(point);
}

// The offsets at which what people see as one character begins: a mark must not tear one apart.
function edgesOf(points) {
  const edges = new Set([points.length]);
  const text = points.map((point) => (typeof point === "string" ? point : "\ufffc"));
  let at = 0;
  for (const { segment } of new Intl.Segmenter().segment(text.join(""))) {
    edges.add(at);
    at += [...segment].length;
  }
  return edges;
}

function countPoints(node) {
  if (node.nodeType === Node.TEXT_NODE) return [...node.data].length;
  if (node.nodeType === Node.ELEMENT_NODE && node.classList.contains("odd")) return 1;
  return [...node.childNodes].reduce((sum, child) => sum + countPoints(child), 0);
}

function offsetOf(box, node, at) {
  const range = document.createRange();
  range.setStart(box, 0);
  range.setEnd(node, at);
  return countPoints(range.cloneContents());
}

// The place in the document before a code point.
function placeOf(box, offset) {
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  let left = offset;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const odd = node.parentElement.closest(".odd");
    const points = odd ? [node.data] : [...node.data];
    if (left <= points.length) return [node, odd ? left && node.data.length : points.slice(0, left).join("").length];
    left -= points.length;
  }
  return [box, box.childNodes.length];
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

export class Spans {
  constructor(form, first, onChange) {
    this.form = form;
    this.onChange = onChange;
    this.list = form.querySelector("#marks");
    this.labels = new Map();
    for (const brush of form.querySelectorAll(".brush")) {
      const hue = [...brush.classList].find((name) => name.startsWith("hue-"));
      this.labels.set(brush.dataset.label, { brush, hue, name: brush.querySelector("span").textContent });
    }
    this.boxes = new Map();
    for (const box of form.querySelectorAll(".words")) {
      const points = pointsOf(box);
      this.boxes.set(box.dataset.field, { box, points, edges: edgesOf(points) });
      box.tabIndex = 0;
      for (const [name, value] of Object.entries({ role: "textbox", "aria-readonly": "true", "aria-multiline": "true" }))
        box.setAttribute(name, value);
    }
    this.caret = element("span", { className: "caret", hidden: true });
    this.caret.setAttribute("aria-hidden", "true");
    form.append(this.caret);
    this.spans = [];
    this.brush = null;
    this.fill(first);
  }

  // Take other spans for those there are.
  fill(spans) {
    const fits = ({ field, end, label }) => this.labels.has(label) && end <= (this.boxes.get(field)?.points.length ?? -1);
    this.spans = spans.filter(fits);
    this.show();
  }

  value() {
    const order = (a, b) => a.field.localeCompare(b.field) || a.start - b.start || a.end - b.end;
    return this.spans.toSorted(order);
  }

  words(span) {
    const { points } = this.boxes.get(span.field);
    return points.slice(span.start, span.end).map((point) => point.textContent ?? point).join("");
  }

  // What is selected in one of the texts, without spaces around it; start equals end where it is only a cursor.
  selected() {
    const selection = getSelection();
    if (!selection.rangeCount) return null;
    const range = selection.getRangeAt(0);
    for (const [field, { box, points, edges }] of this.boxes) {
      if (!range.intersectsNode(box)) continue;
      const inside = range.cloneRange();
      if (!box.contains(inside.startContainer)) inside.setStart(box, 0);
      if (!box.contains(inside.endContainer)) inside.setEnd(box, box.childNodes.length);
      let start = offsetOf(box, inside.startContainer, inside.startOffset);
      let end = offsetOf(box, inside.endContainer, inside.endOffset);
      if (start === end && !box.contains(range.startContainer)) continue;
      if (start < end) {
        while (!edges.has(start)) start -= 1;
        while (!edges.has(end)) end += 1;
      }
      while (start < end && isSpace(points[start])) start += 1;
      while (end > start && isSpace(points[end - 1])) end -= 1;
      return { field, start, end };
    }
    return null;
  }

  // The key or the button of a label: mark the selection; name the mark at the cursor anew (the key alone); else
  // take the label up.
  press(label, { byKey = false } = {}) {
    const here = this.selected();
    if (here && here.start < here.end) return this.mark({ ...here, label });
    const under = byKey && here && this.at(here);
    if (under) {
      this.spans = this.spans.filter((span) => span !== under);
      return this.mark({ ...under, label });
    }
    this.brush = this.brush === label ? null : label;
    for (const [key, { brush }] of this.labels) brush.setAttribute("aria-pressed", String(key === this.brush));
    return this.brush ? `${this.labels.get(label).name}: select text to mark it` : "No label taken up";
  }

  // The end of a selection by mouse, with a label taken up.
  released() {
    const here = this.brush && this.selected();
    return here && here.start < here.end ? this.mark({ ...here, label: this.brush }) : "";
  }

  mark(span) {
    const same = (one) => one.field === span.field && one.start === span.start && one.end === span.end;
    this.spans = [...this.spans.filter((one) => !same(one)), span];
    this.show();
    this.place(span.field, span.end);
    this.onChange();
    return `${this.labels.get(span.label).name}: ${this.words(span)}`;
  }

  // The innermost mark at a cursor.
  at({ field, start }) {
    const around = this.spans.filter((span) => span.field === field && span.start <= start && start <= span.end);
    return around.sort((a, b) => a.end - a.start - (b.end - b.start))[0];
  }

  // Take off a mark: the one given, the one at the cursor, or the last.
  remove(span = null) {
    const here = this.selected();
    const gone = span ?? (here && this.at(here)) ?? this.spans.at(-1);
    if (!gone) return "Nothing is marked";
    const words = `Taken off: ${this.labels.get(gone.label).name}, ${this.words(gone)}`;
    this.spans = this.spans.filter((one) => one !== gone);
    this.show();
    if (here) this.place(here.field, here.start);
    this.onChange();
    return words;
  }

  place(field, offset) {
    const { box } = this.boxes.get(field);
    getSelection().collapse(...placeOf(box, offset));
    this.showCaret();
  }

  enter() {
    const [field, { box }] = this.boxes.entries().next().value;
    box.focus();
    if (!this.selected()) this.place(field, 0);
  }

  // A key within a text; whether it was one that moves there.
  move(event, box) {
    const step = STEPS[event.key];
    if (!step) return false;
    const selection = getSelection();
    const within = selection.rangeCount && box.contains(selection.focusNode);
    if (!within) this.place(box.dataset.field, 0);
    const before = [selection.anchorNode, selection.anchorOffset, selection.focusNode, selection.focusOffset];
    const wide = event.ctrlKey || event.altKey;
    selection.modify(event.shiftKey ? "extend" : "move", step[0], wide ? step[2] : step[1]);
    if (!box.contains(selection.focusNode)) selection.setBaseAndExtent(...before);
    this.showCaret();
    return true;
  }

  show() {
    for (const [field, { box, points, edges: whole }] of this.boxes) {
      const outward = (at) => (whole.has(at) ? at : outward(at + 1));
      const inField = this.spans.filter((span) => span.field === field);
      // A suggestion may cut a letter in two: it is shown up to the end of the letter, and stays as it is.
      const here = inField.map((span) => ({ ...span, start: outward(span.start), end: outward(span.end) }));
      const cuts = new Set([0, points.length, ...here.flatMap((span) => [span.start, span.end])]);
      const edges = [...cuts].sort((a, b) => a - b);
      const parts = edges.slice(0, -1).map((start, at) => this.part(points, start, edges[at + 1], here));
      box.replaceChildren(...parts.flat());
    }
    this.list.replaceChildren(...this.value().map((span) => this.entry(span)));
    this.form.elements.spans.value = JSON.stringify(this.value());
    this.showCaret();
  }

  part(points, start, end, spans) {
    const nodes = [];
    let text = "";
    for (const point of points.slice(start, end)) {
      if (typeof point === "string") text += point;
      else nodes.push(text, point), (text = "");
    }
    nodes.push(text);
    const over = spans.filter((span) => span.start <= start && end <= span.end);
    if (!over.length) return nodes;
    const label = this.labels.get(over.at(-1).label);
    const made = element("mark", { className: over.length > 1 ? `${label.hue} several` : label.hue }, ...nodes);
    const ending = over.filter((span) => span.end === end).map((span) => this.labels.get(span.label).name);
    if (ending.length) made.dataset.name = ending.join(", ");
    return [made];
  }

  entry(span) {
    const { hue, name } = this.labels.get(span.label);
    const button = element("button", { type: "button", textContent: "\u00d7" });
    button.setAttribute("aria-label", `Take off ${name}: ${this.words(span)}`);
    button.addEventListener("click", () => this.remove(span));
    return element("li", { className: hue }, element("b", { textContent: name }), " ", element("bdi", { textContent: this.words(span) }), button);
  }

  // Browsers show no cursor in a text that cannot be typed into.
  showCaret() {
    const selection = getSelection();
    const box = selection.focusNode && (selection.focusNode.parentElement ?? selection.focusNode)?.closest?.(".words");
    const shown = box && box === document.activeElement && this.form.contains(box);
    this.caret.hidden = !shown;
    if (!shown) return;
    const range = document.createRange();
    range.setStart(selection.focusNode, selection.focusOffset);
    const rect = [...range.getClientRects()].at(-1) ?? this.besides(box);
    const origin = this.form.getBoundingClientRect();
    Object.assign(this.caret.style, {
      left: `${rect.left - origin.left}px`,
      top: `${rect.top - origin.top}px`,
      height: `${rect.height || 24}px`,
    });
  }

  besides(box) {
    const rect = box.getBoundingClientRect();
    return new DOMRect(rect.left, rect.top, 0, parseFloat(getComputedStyle(box).lineHeight) || 24);
  }
}

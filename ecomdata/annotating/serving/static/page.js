// The page on which people label: keys, the clock, and the next item without a new page.

import { Clock } from "./clock.js";
import { Spans } from "./spans.js";
import { ask, keep, kept, send } from "./sending.js";

const find = (selector, within = document) => within.querySelector(selector);
const SAVED = "Not saved yet: the server does not answer. What you chose is kept here, and sent as soon as it does.";
let clock = null;
let spans = null;
let touched = false; // whether the person has changed the answer that the page began with
let busy = false;

const page = () => find("#page");
const form = () => find("#answer");
const assignment = () => form()?.elements.assignment?.value ?? "";
const stored = (what) => `ecomdata.${page().dataset.who}.${what}`;

function say(words) {
  find("#said").textContent = words;
}

function trouble(words) {
  find("#trouble").textContent = words;
}

// ---------------------------------------------------------------- the item

function start() {
  clock?.stop();
  clock = spans = null;
  touched = false;
  find("#single").checked = kept(stored("single")) !== "off";
  for (const image of document.querySelectorAll("#item img")) {
    if (image.complete && !image.naturalWidth) absent(image);
  }
  if (!assignment()) return;
  const [known, time] = (kept(stored("clock")) ?? "").split(" ");
  clock = new Clock(Math.max(Number(form().elements.active.value), known === assignment() ? Number(time) : 0));
  if (form().dataset.kind === "spans") {
    const before = find("#before")?.content.textContent;
    touched = Boolean(before);
    spans = new Spans(form(), before ? JSON.parse(before) : (suggestion()?.spans ?? []), () => follow(null));
  } else {
    touched = chosen().length > 0;
  }
  offer();
}

// A word in place of an image that did not load.
function absent(image) {
  const words = document.createElement("p");
  words.className = "image absent";
  words.textContent = `${image.alt}: it did not load`;
  image.closest("figure").replaceWith(words);
}

function suggestion() {
  const shown = find("#suggestion");
  return shown ? JSON.parse(shown.dataset.answer) : null;
}

// Where keys choose: among what people answered, when that is what the page is about, else among all answers.
const asked = () => find("#other[open]") ?? find(".answers") ?? form();
const choices = () => [...asked().querySelectorAll(".options input")];
const own = () => [...form().querySelectorAll(".options:not(.answers) input")];
const chosen = () => own().filter((input) => input.checked);

function change() {
  touched = true;
  trouble("");
  offer();
}

// The word on the button says what Enter will store.
function offer() {
  const accepts = Boolean(suggestion()) && !touched;
  if (suggestion()) find("#save span").textContent = accepts ? "Accept" : "Save";
  find("#suggestion")?.classList.toggle("taken", accepts);
}

function fill(answer) {
  if (spans) spans.fill(answer.spans);
  const wanted = answer.labels ?? [String(answer.score)];
  for (const input of own()) input.checked = wanted.includes(input.value);
  if (form().elements.score?.type === "number") form().elements.score.value = answer.score;
  change();
}

function takeSuggestion() {
  if (!suggestion()) return;
  fill(suggestion());
  say("Filled in. Enter saves it.");
}

// One of the answers that people gave fills in the answer of the page; a change there is an answer of its own.
function follow(input) {
  if (input?.dataset.answer) fill(JSON.parse(input.dataset.answer));
  else for (const given of document.querySelectorAll(".answers input")) given.checked = false;
  change();
}

function choose(input) {
  input.focus();
  if (input.type === "checkbox") input.checked = !input.checked;
  else input.checked = true;
  follow(input);
}

// ---------------------------------------------------------------- sending

function fieldsOf(what) {
  const fields = new FormData(form());
  fields.delete("form");
  fields.set("do", what);
  if (clock) fields.set("active", String(clock.read()));
  return [...fields].map(([name, value]) => [name, String(value)]);
}

// Whether there is nothing to store yet.
function lacks() {
  const { kind, multiple } = form().dataset;
  const typed = form().elements.score;
  if (typed?.type === "number") return !typed.value || !typed.checkValidity();
  if (find(".answers")) return !touched;
  return kind !== "spans" && multiple === undefined && !chosen().length;
}

async function act(what) {
  if (busy) return;
  const deed = what === "answer" && suggestion() && !touched ? "accept" : what;
  const missing = deed === "answer" && lacks() ? "Choose an answer first." : "";
  if (missing) return trouble(missing);
  await deliver(form().getAttribute("action"), fieldsOf(deed));
}

async function deliver(address, fields) {
  busy = true;
  page().setAttribute("aria-busy", "true");
  const waiting = () => trouble(SAVED);
  let answer = await send(address, fields, form().elements.form.value, stored("unsent"), waiting);
  if (answer.status === 403) {
    // The link was opened again in another tab: the form there carries the token that now holds.
    const fresh = parse((await patient(location.pathname)).text);
    const token = fresh && find("#answer [name=form]", fresh)?.value;
    if (token) answer = await send(address, fields, token, stored("unsent"), waiting);
  }
  busy = false;
  page().removeAttribute("aria-busy");
  if (answer.status === 200) show(answer.text);
  else if (answer.status === 409) await reload(answer.text);
  else trouble(answer.text);
}

async function patient(address) {
  for (;;) {
    try {
      return await ask(address);
    } catch {
      await new Promise((done) => setTimeout(done, 1000));
    }
  }
}

async function reload(words) {
  const answer = await patient(location.pathname);
  if (answer.status === 200) show(answer.text);
  trouble(words);
}

function parse(html) {
  return find("#page", new DOMParser().parseFromString(html, "text/html"));
}

function show(html) {
  const next = parse(html);
  keep(stored("clock"), null);
  page().replaceWith(next);
  start();
  scrollTo(0, 0);
  find("#item")?.focus({ preventScroll: true });
  say([next.dataset.said, find("#question")?.textContent].filter(Boolean).join(" "));
}

// ---------------------------------------------------------------- keys and clicks

function open(name) {
  const details = find(`#${name}`);
  if (!details) return;
  details.open = !(details.open && ["guidelines", "other"].includes(name));
  if (name === "comment") find("textarea", details).focus();
  if (name === "skip") find("input:checked, input", details).focus();
  if (name === "other") spans ? spans.enter() : find("input:checked, input", details).focus();
  details.scrollIntoView({ block: "nearest" });
}

function leave() {
  const within = document.activeElement?.closest?.("details");
  if (within && form()?.contains(within)) {
    if (within.id === "skip") within.open = false;
    if (within.id === "comment" && !find("textarea", within).value) within.open = false;
  }
  getSelection().removeAllRanges();
  find("#item")?.focus({ preventScroll: true });
}

const DEEDS = {
  a: takeSuggestion,
  u: () => (form().getAttribute("action") === "/" ? act("undo") : find("#again")?.click()),
  s: () => (find("#later") ? find("#later").click() : open("skip")),
  o: () => open("other"),
  c: () => open("comment"),
  g: () => open("guidelines"),
  t: () => spans?.enter(),
  "?": () => find("#keys").showModal(),
};

function isWritten(target) {
  return target.matches("textarea, input[type=text], input[type=number]");
}

function moveChoice(event) {
  const inputs = choices();
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (!step || !inputs.length || isWritten(event.target)) return false;
  const at = inputs.indexOf(document.activeElement);
  if (at >= 0 && inputs[0].type === "radio") return false; // the browser does it, and right
  const from = at >= 0 ? at : inputs.findIndex((input) => input.checked);
  const next = inputs.at(from < 0 ? (step > 0 ? 0 : -1) : (from + step) % inputs.length);
  if (next.type === "radio") choose(next);
  else next.focus();
  return true;
}

// Where the keyboard writes other letters or digits, the key is what stands in its place on a Latin one.
function latin(event) {
  const place = /^(?:Key|Digit|Numpad)(.)$/.exec(event.code);
  return (place && event.key > "\x7f" ? place[1] : event.key).toLowerCase();
}

// A letter or a digit; whether it meant something.
function single(key) {
  if (kept(stored("single")) === "off") return false;
  const reasons = find("#skip[open]");
  const wanted = CSS.escape(key);
  if (reasons) {
    const reason = find(`[data-key="${wanted}"]`, reasons);
    if (reason) {
      reason.checked = true;
      if (reason.value === "other") find("[name=own_reason]").focus();
      else reason.focus();
      return true;
    }
  }
  const option = find(`.options [data-key="${wanted}"]`, asked());
  if (option && spans && option.dataset.label) say(spans.press(option.dataset.label, { byKey: true }));
  else if (option) choose(option);
  else if (DEEDS[key]) DEEDS[key]();
  else return false;
  return true;
}

function enter(event) {
  if (event.target.matches("button, a, summary") && !event.ctrlKey) return false;
  if (event.target.matches("textarea") && !(event.ctrlKey || event.metaKey)) return false;
  if (!form()) return false;
  if (find("#skip")?.open && event.target.closest("#skip")) act("skip");
  else if (assignment()) act("answer");
  return true;
}

function keydown(event) {
  if (event.isComposing || find("dialog[open]") || event.defaultPrevented) return;
  const box = event.target.closest?.(".words[role=textbox]");
  let done = false;
  if (event.key === "Escape") leave();
  else if (event.key === "Enter") done = !event.repeat && enter(event);
  else if (box && spans?.move(event, box)) done = true;
  else if (event.ctrlKey || event.metaKey || event.altKey) return;
  else if (isWritten(event.target)) return;
  else if (spans && (event.key === "Backspace" || event.key === "Delete")) done = say(spans.remove()) ?? true;
  else if (event.key.length === 1 && event.key !== " ") done = !event.repeat && single(latin(event));
  else done = moveChoice(event);
  if (done) event.preventDefault();
}

function click(event) {
  const brush = event.target.closest(".brush");
  if (brush) say(spans.press(brush.dataset.label));
  const deed = event.target.closest("[data-act]")?.dataset.act;
  if (deed === "keys") DEEDS["?"]();
  else if (deed) open(deed);
}

function submit(event) {
  if (event.target !== form()) return;
  event.preventDefault();
  const what = event.submitter?.value ?? "answer";
  if (what === "accept") takeSuggestion();
  else act(what);
}

// ---------------------------------------------------------------- the beginning

document.addEventListener("keydown", keydown);
document.addEventListener("click", click);
document.addEventListener("submit", submit);
document.addEventListener("change", (event) => {
  if (event.target.matches(".options input, #score")) follow(event.target);
  if (event.target.id === "single") keep(stored("single"), event.target.checked ? null : "off");
});
document.addEventListener("pointerdown", (event) => {
  // The press of a label must not take the selection away.
  if (event.target.closest(".brush")) event.preventDefault();
});
document.addEventListener("pointerup", (event) => {
  // The end of a press on a label is not that of a selection: the timer may run when the next one has begun.
  if (spans && !event.target.closest?.(".brush")) setTimeout(() => say(spans?.released() ?? ""));
});
document.addEventListener("selectionchange", () => spans?.showCaret());
addEventListener("resize", () => spans?.showCaret());
document.addEventListener(
  "error",
  (event) => {
    if (event.target.matches?.("#item img")) absent(event.target);
  },
  true,
);
addEventListener("pagehide", () => {
  if (clock) keep(stored("clock"), `${assignment()} ${clock.read()}`);
});

document.documentElement.classList.add("scripted");
start();
find("#item")?.focus({ preventScroll: true });
const unsent = kept(stored("unsent"));
if (unsent) {
  const { address, fields } = JSON.parse(unsent);
  deliver(address, fields);
}

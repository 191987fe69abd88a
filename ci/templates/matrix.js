"use strict";
// Texts come from kernels and tests. They are inserted as text, never as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const form = document.getElementById("filters");
const dialog = document.getElementById("details");
const body = document.getElementById("details-body");
const boxes = [...document.querySelectorAll("input[name=kernel]")];
const rows = [...document.querySelectorAll("tr.rule")];
const heads = [...document.querySelectorAll(".rules thead th")].slice(1);
const DIFFERENCES = ["differs", "differs, known", "older answer"];

// The text of each rule that the filter searches. It is built once.
const words = rows.map((row, number) => {
  const rule = data.rules[number];
  const tests = rule.tests.map((test) => data.tests[test].name);
  return [row.textContent, rule.source, ...tests].join(" ").toLowerCase();
});

function make(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function visible() {
  return boxes.flatMap((box, kernel) => (box.checked ? [kernel] : []));
}

function differs(rule, kernels) {
  return kernels.some((kernel) => {
    const [word, , news] = data.rules[rule].cells[kernel];
    return news !== null || DIFFERENCES.includes(word);
  });
}

function filter() {
  const kernels = visible();
  const family = form.family.value;
  const wanted = form.q.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  let differing = 0;
  rows.forEach((row, rule) => {
    const another = differs(rule, kernels);
    const fits =
      (family === "" || row.parentNode.dataset.family === family) &&
      (another || !form.differences.checked) &&
      wanted.every((word) => words[rule].includes(word));
    row.hidden = !fits;
    shown += fits ? 1 : 0;
    differing += fits && another ? 1 : 0;
    [...row.cells].slice(1).forEach((cell, kernel) => { cell.hidden = !boxes[kernel].checked; });
  });
  heads.forEach((head, kernel) => { head.hidden = !boxes[kernel].checked; });
  for (const section of document.querySelectorAll("tbody[data-family]")) {
    section.hidden = ![...section.querySelectorAll("tr.rule")].some((row) => !row.hidden);
    section.querySelector(".family th").colSpan = kernels.length + 1;
  }
  const none = shown === 0 ? " Nothing fits these filters." : "";
  document.getElementById("shown").textContent =
    `${shown} of ${rows.length} rules on ${kernels.length} of ${boxes.length} kernels, ${differing} with a difference.${none}`;
}

// The address keeps the filters and the open cell, so that a reader can share it.
function address(open) {
  const parts = new URLSearchParams();
  if (form.family.value) parts.set("family", form.family.value);
  if (form.q.value) parts.set("q", form.q.value);
  if (form.differences.checked) parts.set("differences", "1");
  if (boxes.some((box) => !box.checked)) {
    const names = boxes.filter((box) => box.checked).map((box) => box.value);
    (names.length ? names : [""]).forEach((name) => parts.append("kernel", name));
  }
  if (open) parts.set("cell", open);
  history.replaceState(null, "", "#" + parts);
}

function follow() {
  const parts = new URLSearchParams(location.hash.slice(1));
  form.family.value = parts.get("family") ?? "";
  if (form.family.selectedIndex < 0) form.family.value = "";
  form.q.value = parts.get("q") ?? "";
  form.differences.checked = parts.has("differences");
  boxes.forEach((box) => { box.checked = !parts.has("kernel") || parts.getAll("kernel").includes(box.value); });
  filter();
  const [name, kernel] = (parts.get("cell") ?? "").split("@");
  const rule = data.rules.findIndex((it) => it.name === name);
  const column = data.kernels.findIndex((it) => it.name === kernel);
  if (rule >= 0 && column >= 0) show(rule, column);
  else if (dialog.open) dialog.close();
}

function text(number) {
  return data.texts[number].map((line) => data.lines[line]).join("\n");
}

function pre(content, diff) {
  if (!diff) return make("pre", { tabIndex: 0 }, content);
  const lines = content.split(/(?<=\n)/).map((line) => {
    const name = line.startsWith("-") ? "gone" : line.startsWith("+") ? "new" : "";
    return name ? make("span", { className: name }, line) : line;
  });
  return make("pre", { tabIndex: 0 }, ...lines);
}

function folded(title, content) {
  return make("details", {}, make("summary", {}, title), content);
}

function command(words) {
  return make("p", {}, make("code", {}, words));
}

function variant(test, kernel) {
  const lacking = test.varies.find((change) => kernel.lacks.includes(change));
  return lacking ? `without-${lacking}` : "";
}

function who(user) {
  return user.uid === 0 ? "root" : `uid ${user.uid}`;
}

function end(code) {
  if (code === undefined || code === null) return "no answer";
  if (code === 0) return "passed";
  return code > 0 ? `skipped: ${text(code)}` : text(data.failures[-code - 1].how);
}

function failed(user, code, before) {
  const failure = data.failures[-code - 1];
  const parts = [make("h4", {}, `As ${who(user)}: ${text(failure.how)}`)];
  if (failure.known !== null) parts.push(make("p", {}, make("strong", {}, "Known: "), text(failure.known)));
  if (failure.diff !== null && before.includes(failure.diff)) {
    parts.push(make("p", {}, "The trace differs in the same way."));
  } else if (failure.diff !== null) {
    parts.push(make("p", {}, "The trace. Lines with - are expected, lines with + are the kernel's answer:"), pre(text(failure.diff), true));
  }
  if (failure.output) parts.push(folded("output of the test", pre(text(failure.output))));
  for (const [name, source] of failure.reproducers) {
    parts.push(folded(`reproducer ${text(name)}`, pre(text(source))));
  }
  if (failure.reproducers.length === 0) {
    const kept = `The results of the run contain its reproducer and its full output, below uid-${user.uid}.`;
    parts.push(make("p", {}, failure.known ? kept : "There is no reproducer. The output of the test has the reason."));
  }
  return make("section", {}, ...parts);
}

// A rule may have a hundred tests. The content of a test is built when the reader opens it.
function inside(number, kernel) {
  const test = data.tests[number];
  const parts = [make("p", {}, `${test.file}:${test.line}`)];
  const codes = kernel.users.map((user) => [user, user.ends[number]]);
  const diffs = [];
  for (const [user, code] of codes.filter(([, code]) => code < 0)) {
    parts.push(failed(user, code, diffs));
    diffs.push(data.failures[-code - 1].diff);
  }
  const name = variant(test, kernel);
  const trace = test.traces[name];
  const called = name ? `The reviewed trace for kernels ${name}:` : "The reviewed trace:";
  if (trace === undefined) parts.push(make("p", {}, "What is expected is written in the test's source."));
  else if (diffs.every((diff) => diff === null)) parts.push(make("p", {}, called), pre(text(trace)));
  parts.push(make("p", {}, "To run it on this host, and on this kernel:"));
  parts.push(command(`cargo nextest run -E 'test(=${test.name})'`));
  parts.push(command(`cargo ci kernels --only ${kernel.name} --filter 'test(=${test.name})'`));
  return parts;
}

function oneTest(number, kernel) {
  const codes = kernel.users.map((user) => user.ends[number]);
  const bad = codes.some((code) => code < 0);
  const ends = kernel.users.map((user) => `${who(user)}: ${end(user.ends[number])}`);
  const line = `${data.tests[number].name} \u2014 ${ends.join("; ") || "no answer"}`;
  const made = make("details", { className: "test" }, make("summary", {}, bad ? make("strong", {}, line) : line));
  const fill = () => { if (made.open && made.children.length === 1) made.append(...inside(number, kernel)); };
  made.addEventListener("toggle", fill);
  return [bad, made, fill];
}

function changes(rule, kernel) {
  const lacking = data.changes.filter((change) => change.rule === rule.name && kernel.lacks.includes(change.name));
  return lacking.map((change) =>
    make("p", {}, make("strong", {}, `This kernel is older than a change of this rule, ${change.name}: `),
      `${change.what}; in Linux ${change.releases.join(", ")}; ${change.commit}.`));
}

function show(ruleNumber, kernelNumber) {
  const rule = data.rules[ruleNumber];
  const kernel = data.kernels[kernelNumber];
  const [word, why, news] = rule.cells[kernelNumber];
  const parts = [
    make("button", { type: "button", className: "close", onclick: () => dialog.close() }, "close"),
    make("h2", { id: "details-title" }, `${rule.name} on ${kernel.name}`),
    make("p", {}, make("strong", {}, word), why ? `: ${why}` : ""),
    make("p", {}, rule.sentence),
    make("p", {}, `${rule.outcome}${rule.since ? `, since Linux ${rule.since}` : ""}. Source: ${rule.source}`),
    ...changes(rule, kernel),
  ];
  if (news !== null) parts.push(make("p", {}, make("strong", {}, "News: "), `it differs no more; ${news}`));
  if (kernel.failure !== null) {
    parts.push(make("p", {}, make("strong", {}, "No answer: "), `the kernel ${kernel.failure}`));
    if (kernel.console.length) parts.push(folded("last lines of the console", pre(kernel.console.join("\n"))));
  }
  const tests = rule.tests.map((number) => oneTest(number, kernel)).sort(([a], [b]) => b - a);
  parts.push(make("h3", {}, `${tests.length} ${tests.length === 1 ? "test" : "tests"}`));
  parts.push(...tests.map(([, made]) => made));
  body.replaceChildren(...parts);
  const first = tests[0];
  if (first && (first[0] || tests.length === 1)) {
    first[1].open = true;
    first[2]();
  }
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  address(`${rule.name}@${kernel.name}`);
}

document.querySelector(".rules").addEventListener("click", (event) => {
  const cell = event.target.closest("td");
  if (cell) show(Number(cell.parentNode.dataset.rule), cell.cellIndex - 1);
});
// A click outside the dialog's content closes it, as Escape does.
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("close", () => address(null));
function changed() {
  filter();
  address(null);
}
form.addEventListener("input", changed);
form.addEventListener("submit", (event) => event.preventDefault());
boxes.forEach((box) => box.addEventListener("input", changed));
document.getElementById("all").addEventListener("click", () => {
  form.reset();
  boxes.forEach((box) => { box.checked = true; });
  changed();
});
window.addEventListener("hashchange", follow);
document.documentElement.classList.add("running");
follow();

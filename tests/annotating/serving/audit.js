// What programs that read a page aloud, and people who see little, would stumble over; a list of words.
() => {
  const faults = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const words = (id) => document.getElementById(id)?.textContent ?? "";
  const named = (node) =>
    node.getAttribute("aria-label") ||
    node.labels?.[0]?.textContent.trim() ||
    (node.getAttribute("aria-labelledby") ?? "").split(" ").map(words).join(" ").trim() ||
    (["BUTTON", "A", "SUMMARY"].includes(node.tagName) && node.textContent.trim());
  const needNames =
    "button, a[href], summary, input:not([type=hidden]), textarea, progress, dialog, article, [role=group], [role=textbox]";
  for (const node of all(needNames))
    if (!node.closest("[aria-hidden=true]") && !named(node)) faults.push(`no name: ${node.outerHTML.slice(0, 90)}`);
  const ids = all("[id]").map((node) => node.id);
  if (new Set(ids).size !== ids.length) faults.push(`an id is there twice: ${ids}`);
  for (const name of ["main", "h1", "header", "[role=status]", "[role=alert]"])
    if (all(name).length !== 1) faults.push(`not one ${name}`);
  if (!document.documentElement.lang || !document.title) faults.push("no language, or no title");
  if (all('[tabindex]:not([tabindex="0"], [tabindex="-1"])').length) faults.push("an order of focus of its own");

  // Contrast: Web Content Accessibility Guidelines 2.2, success criterion 1.4.3.
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = (color) => {
    const [r, g, b] = color.match(/[\d.]+/g).map((value) => linear(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const color = getComputedStyle(node).backgroundColor;
      if (color.startsWith("rgb(")) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    const text = walk.currentNode.data.trim();
    if (!text || !node.checkVisibility() || node.closest(".hidden, script, noscript")) continue;
    const [one, other] = [getComputedStyle(node).color, behind(node)].map(luminance);
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(2)}: ${text.slice(0, 40)}`);
  }
  return faults;
}

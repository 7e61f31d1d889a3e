// What keeps somebody from using the page: a list of sentences, empty where nothing does.
(() => {
  const faults = [];
  const say = (element, words) => faults.push(`${element.outerHTML.slice(0, 120)}: ${words}`);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const root = document.documentElement;
  if (!root.lang) faults.push("no language");
  if (!document.title) faults.push("no title");
  for (const name of ["h1", "main"]) if (all(name).length !== 1) faults.push(`${all(name).length} of ${name}`);
  let level = 0;
  for (const heading of all("h1,h2,h3,h4,h5,h6")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) say(heading, `a heading of level ${next} after ${level}`);
    level = next;
  }
  for (const field of all("input:not([type=hidden]),select,textarea"))
    if (!(field.labels?.length || field.ariaLabel)) say(field, "no label");
  for (const head of all("th")) if (!head.scope) say(head, "no scope");
  for (const table of all("table")) if (!table.caption) say(table, "no caption");
  for (const link of all("a[href],button,summary")) if (!link.textContent.trim()) say(link, "no text");
  for (const picture of all("img")) if (!picture.hasAttribute("alt")) say(picture, "no alternative text");
  for (const nav of all("nav")) if (!nav.ariaLabel) say(nav, "no name");
  const ids = all("[id]").map((element) => element.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`two of id ${id}`);

  const colour = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => {
    const part = (value) => ((value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ratio = (one, other) => {
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (element) => {
    for (let place = element; place; place = place.parentElement) {
      const found = colour(getComputedStyle(place).backgroundColor);
      if (found.length === 3 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const box = document.querySelector("svg .box");
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || element.closest("title,script,noscript,option")) continue;
    const style = getComputedStyle(element);
    const isDrawn = element instanceof SVGElement;
    const grounds = [behind(element)];
    if (isDrawn && box) grounds.push(colour(getComputedStyle(box).fill));
    for (const ground of grounds) {
      const found = ratio(colour(isDrawn ? style.fill : style.color), ground);
      if (found < 4.5) say(element, `contrast ${found.toFixed(2)}`);
    }
  }
  return faults;
})();

internal import HTTPTypes
internal import Hummingbird

/// What pages load, all of it from here.
enum Assets {
  static func response(_ text: String, _ type: String) -> Response {
    Response(
      status: .ok, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }

  static let icon = """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#2f6db3" d="M12 3h5v9a9 9 0 1 1-7 3l2-3z"/>
    <path fill="none" stroke="#2f6db3" stroke-width="3" d="M15 6q12 1 14 16"/></svg>
    """

  /// Fetches the page again and puts its live parts in place of those shown, unless somebody is in them; ends with the
  /// run. What is fetched is parsed without running anything in it.
  static let script = """
    "use strict";
    const pause = 1000 * document.currentScript.dataset.seconds;
    const isBusy = (part) =>
      part.contains(document.activeElement) || (!getSelection().isCollapsed && part.contains(getSelection().anchorNode));
    const textOf = (page, id) => page.getElementById(id)?.textContent;
    async function look() {
      if (!document.hidden) {
        try {
          const answer = await fetch(location.href);
          const page = new DOMParser().parseFromString(await answer.text(), "text/html");
          if (textOf(page, "newest") !== textOf(document, "newest")) return location.reload();
          for (const part of document.querySelectorAll("[data-live]")) {
            const fresh = page.getElementById(part.id);
            if (fresh && !isBusy(part) && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
          }
          const status = document.getElementById("status");
          const said = textOf(page, "status");
          if (said && said !== status.textContent) status.textContent = said;
          if (answer.ok && !page.querySelector("script")) return;
        } catch { document.getElementById("status").textContent = "The viewer does not answer; it may have ended."; }
      }
      setTimeout(look, pause);
    }
    setTimeout(look, pause);
    """

  static let style = """
    :root { --page: #fff; --ink: #1d2329; --soft: #56606a; --line: #cfd6dc; --panel: #f4f6f8; --link: #1f5fa8;
      --mark: #ffe9a8; --s0: #2f6db3; --s1: #d9822b; --s3: #c23b3b; --s4: #98a2ad; --focus: #b3540a; }
    @media (prefers-color-scheme: dark) {
      :root { --page: #14181c; --ink: #e6eaee; --soft: #a5b0ba; --line: #39424a; --panel: #1d2328; --link: #8cbcf0;
        --mark: #5a4a12; --s0: #6ea8e6; --s1: #f0a658; --s3: #ec7b7b; --s4: #75808b; --focus: #f0a658; }
    }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--page); color: var(--ink);
      font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
    a { color: var(--link); }
    :focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 2px; }
    main:focus { outline: none; }
    .skip { position: absolute; left: -99rem; top: 0; padding: .5rem 1rem; background: var(--page); z-index: 2; }
    .skip:focus { left: 0; }
    header { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; padding: .6rem 1.5rem;
      background: var(--panel); border-bottom: 1px solid var(--line); }
    header nav { flex: 1; min-width: 0; }
    header ol { display: flex; flex-wrap: wrap; list-style: none; margin: 0; padding: 0; }
    header li + li::before { content: "›"; margin: 0 .5rem; color: var(--soft); }
    main { padding: 1rem 1.5rem 4rem; max-width: 100rem; }
    h1 { font-size: 1.5rem; margin: .25rem 0 .75rem; overflow-wrap: anywhere; }
    h2 { font-size: 1.2rem; margin: 2rem 0 .6rem; }
    h3 { font-size: 1rem; margin: 1.25rem 0 .4rem; overflow-wrap: anywhere; }
    .soft, caption { color: var(--soft); }
    .wide { overflow-x: auto; margin: .75rem 0 1rem; max-width: max-content; }
    table { border-collapse: collapse; font-size: .9rem; }
    caption { text-align: left; padding-bottom: .3rem; font-size: .9rem; white-space: nowrap; }
    th, td { padding: .35rem .9rem .35rem 0; text-align: left; vertical-align: top;
      border-bottom: 1px solid var(--line); max-width: 26rem; overflow-wrap: break-word; }
    thead th { color: var(--soft); font-weight: 600; white-space: nowrap; border-bottom-width: 2px; }
    tbody th { font-weight: 400; }
    .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    .rows td, .rows tbody th { white-space: pre-line; min-width: 5rem; }
    .rows .key { white-space: nowrap; font-family: ui-monospace, monospace; font-size: .85rem; }
    thead a { color: inherit; }
    .rows { max-height: 80vh; overflow: auto; }
    .rows thead th { position: sticky; top: 0; background: var(--page); z-index: 1; }
    .tree { margin: .3rem 0; padding-left: 1.2rem; border-left: 2px solid var(--line); }
    .tree dd { margin: 0 0 .3rem; } .tree li { margin: .15rem 0; }
    .text { white-space: pre-wrap; overflow-wrap: anywhere; }
    form.tools details { border: 0; padding: 0; margin: 0; } .choices { display: flex; flex-wrap: wrap; gap: .2rem 1rem; }
    .images { display: flex; flex-wrap: wrap; gap: .6rem; margin: .3rem 0 .8rem; }
    .images figure { margin: 0; max-width: 100%; } .images figcaption { font-size: .8rem; overflow-wrap: anywhere; }
    .images img { display: block; max-width: min(100%, 22rem); max-height: 16rem; background: var(--panel);
      border: 1px solid var(--line); } .rows .images img { max-height: 6rem; max-width: 9rem; }
    .cut { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 4; overflow: hidden; }
    .stages ul { display: flex; flex-wrap: wrap; gap: .2rem 1rem; list-style: none; margin: 0 0 .5rem; padding: 0; }
    [aria-current] { color: var(--ink); font-weight: 600; text-decoration: none; }
    form.tools { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: end; background: var(--panel);
      padding: .75rem 1rem; border-radius: 6px; margin: 0 0 1rem; }
    form.tools div, fieldset { display: flex; flex-wrap: wrap; gap: .3rem .5rem; align-items: center; }
    fieldset { border: 0; margin: 0; padding: 0; }
    legend { float: left; padding: 0; }
    input, select, button { font: inherit; color: var(--ink); background: var(--page); border: 1px solid var(--soft);
      border-radius: 4px; padding: .25rem .5rem; max-width: 100%; }
    input[type=checkbox] { width: 1.1rem; height: 1.1rem; }
    button { cursor: pointer; }
    header form { display: flex; gap: .4rem; align-items: center; font-size: .9rem; }
    .pages { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; margin: .75rem 0; align-items: center; }
    .picture { overflow-x: auto; margin: 1.25rem 0 1rem; }
    .swatch { display: inline-block; width: .7em; height: .7em; margin-right: .3em; }
    svg { display: block; max-width: 100%; height: auto; font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; }
    svg text { fill: var(--ink); } svg .soft { fill: var(--soft); }
    svg .box { fill: var(--panel); stroke: var(--soft); }
    svg .name { font-size: 14px; font-weight: 600; fill: var(--link); text-decoration: underline; }
    svg .edge { fill: none; stroke: var(--soft); stroke-width: 1.5; } svg .using { stroke-dasharray: 5 4; }
    svg .tip { fill: var(--soft); } svg .back { fill: var(--page); }
    .s0 { fill: var(--s0); background: var(--s0); } .s1 { fill: var(--s1); background: var(--s1); }
    .s3 { fill: var(--s3); background: var(--s3); } .s4 { fill: var(--s4); background: var(--s4); }
    pre { background: var(--panel); padding: .6rem .8rem; border-radius: 6px; margin: .3rem 0 .8rem;
      white-space: pre-wrap; overflow-wrap: anywhere; font: .87rem/1.5 ui-monospace, monospace; }
    code { font: .9em ui-monospace, monospace; }
    dl { margin: .5rem 0; } dt { color: var(--soft); font-weight: 600; overflow-wrap: anywhere; } dd { margin: 0; }
    .figures { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; }
    .figures dd { font-size: 1.25rem; font-variant-numeric: tabular-nums; }
    details { margin: .4rem 0; border: 1px solid var(--line); border-radius: 6px; padding: .45rem .8rem; }
    summary { cursor: pointer; overflow-wrap: anywhere; }
    mark { background: var(--mark); color: var(--ink); }
    .sides { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.5rem; align-items: start; }
    .sides > * { min-width: 0; }
    .differs { border-left: 4px solid var(--s1); padding-left: .75rem; }
    @media (max-width: 50rem) { .sides { grid-template-columns: 1fr; } main, header { padding-left: 1rem; padding-right: 1rem; } }
    """
}

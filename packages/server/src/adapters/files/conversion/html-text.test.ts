import { describe, expect, it } from "vitest";
import { htmlToText } from "./html-text.ts";

const page = (body: string, title = "Tea") => htmlToText(`<!doctype html><html><head><title>${title}</title></head><body>${body}</body></html>`).text;

describe("an HTML page as text", () => {
  it("takes its title from the title element, else from the first heading", () => {
    expect(htmlToText("<html><head><title>Green\n tea</title></head><body><p>Text.</p></body></html>")).toEqual({
      title: "Green tea",
      text: "# Green tea\n\nText.",
    });
    expect(htmlToText("<h1>Green tea</h1><p>Text.</p>").title).toBe("Green tea");
    expect(htmlToText("<p>Text.</p>")).toEqual({ title: "", text: "Text." });
  });

  it("makes data tables Markdown tables", () => {
    const table = "<table><tr><th>tea<th>minutes</tr><tr><td><b>Sencha</b></td><td>1 | 2</td></tr><tr><td colspan=2>both</td></tr></table>";
    expect(page(`<p>Before.</p>${table}`)).toContain("| tea | minutes |\n| --- | --- |\n| **Sencha** | 1 \\| 2 |\n| both |  |");
  });

  it("takes tables that lay out the page apart", () => {
    const text = page("<table><tr><td><p>Left.</p><table><tr><td>Inner one<td>Inner two</table></td><td>Right.</td></tr></table>");
    expect(text).toMatch(/Left\.\n\n\| Inner one \| Inner two \|\n\| --- \| --- \|\n\nRight\./);
  });

  it("fences code, with a fence longer than any in it", () => {
    expect(page('<p>See:</p><pre><code class="language-js">if (a &lt; b) {\n  go();\n}</code></pre>')).toContain(
      "```js\nif (a < b) {\n  go();\n}\n```",
    );
    expect(page("<p>See:</p><pre>one<br>two</pre>")).toContain("```\none\ntwo\n```");
    expect(page("<p>See:</p><pre>````\nx\n````</pre>")).toContain("`````\n````\nx\n````\n`````");
  });

  it("writes lists, nested and numbered", () => {
    expect(page('<ul><li>one<ul><li>inner</li></ul></li><li>two</li></ul><ol start="3"><li>three</li><li>four</li></ol>')).toContain(
      "- one\n  - inner\n- two\n\n3. three\n4. four",
    );
  });

  it("drops what a reader does not see", () => {
    const text = page(
      '<script>evil()</script><style>p{}</style><p hidden>h1dden</p><p style="color:red; display : none">h1dden</p><span aria-hidden="true">h1dden</span>' +
        '<template><p>h1dden</p></template><noscript>h1dden</noscript><!-- h1dden --><iframe srcdoc="h1dden"></iframe><p>Seen.</p>',
    );
    expect(text).toBe("# Tea\n\nSeen.");
  });

  it("keeps only addresses that lead somewhere, and no images", () => {
    const text = page(
      '<p><a href="https://tea.example/a">guide</a> <a href="javascript:alert(1)">bad</a> <a href="data:text/html,x">data</a> <a href="b.html">near</a> <img src="https://spy.example/p.png" alt="a cup"></p>',
    );
    expect(text).toContain("[guide](https://tea.example/a) bad data near a cup");
  });

  it("does not escape words, but what would become a heading", () => {
    expect(page("<p>snake_case, 2 * 3 and [x]</p><p># not a heading</p>")).toContain("snake_case, 2 * 3 and [x]\n\n\\# not a heading");
  });

  it("finds the article among the navigation", () => {
    const paragraph = `<p>${"Green tea is steeped for a short time, in water that does not boil. ".repeat(5)}</p>`;
    const menu = `<nav><ul>${'<li><a href="/x">Menu entry</a></li>'.repeat(20)}</ul></nav><div class="sidebar"><a href="/y">Related pages</a></div>`;
    const text = page(`${menu}<article><h1>Green tea</h1>${paragraph.repeat(4)}</article><footer>Imprint</footer>`);
    expect(text).toContain("Green tea is steeped");
    expect(text).not.toMatch(/Menu entry|Imprint/);
  });

  it("keeps the whole page where the article would be less than half of it", () => {
    const sections = Array.from({ length: 30 }, (_, at) => `<div><h2>Entry ${at}</h2><ul><li><a href="#">Word ${at}</a></li></ul></div>`).join("");
    const text = page(sections);
    for (let at = 0; at < 30; at += 1) expect(text).toContain(`Word ${at}`);
  });

  it.each(["<p>para", "<html><p>para</p></html>", "<!doctype html><title>T</title><p>para", "<body><p>para</body>", "para"])(
    "mends pages that leave out tags: %s",
    (html) => {
      expect(htmlToText(html).text).toMatch(/para$/);
    },
  );

  it("is refused when it is nested deeper than browsers go", () => {
    expect(() => htmlToText(`${"<div>".repeat(2_000)}x${"</div>".repeat(2_000)}`)).toThrow("nested more than 512 levels deep");
    expect(page(`${"<div>".repeat(400)}x${"</div>".repeat(400)}`)).toBe("# Tea\n\nx");
  });

  it("takes a list of 20,000 items", () => {
    expect(page(`<ol>${"<li>item</li>".repeat(20_000)}</ol>`)).toMatch(/\n20000\. item$/);
  });
});

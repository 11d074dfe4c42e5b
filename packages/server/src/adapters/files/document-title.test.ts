import { describe, expect, it } from "vitest";
import { findTitle, tidyTitle, titleOfPath } from "./document-title.ts";

describe("the title of a document", () => {
  it("is that of its front matter before its first heading", () => {
    expect(findTitle("---\ntags: [a]\ntitle: Green tea\n---\n\n# Other", "markdown")).toBe("Green tea");
    expect(findTitle('---\ntitle: "Tea: \\"green\\""\n---\n', "markdown")).toBe('Tea: "green"');
    expect(findTitle("---\ntitle: 'It''s tea'\n---\n", "markdown")).toBe("It's tea");
  });

  it("is its first heading otherwise", () => {
    expect(findTitle("Some words.\n\n## Green *tea*\n\n# Later", "markdown")).toBe("Green tea");
    expect(findTitle("---\ntitle: >\n  folded\n---\n# Heading", "markdown")).toBe("Heading");
    expect(findTitle("Green tea\n=========\n\nText.", "text")).toBe("Green tea");
  });

  it("is not taken from deep within a plain text", () => {
    expect(findTitle(`${"Words and words.\n\n".repeat(100)}# A comment`, "text")).toBeUndefined();
  });

  it("is made of the file's name when it says nothing of itself", () => {
    expect(titleOfPath("guides/green_tea-basics.md")).toBe("Green tea basics");
    expect(titleOfPath("README")).toBe("README");
    expect(titleOfPath("v1.2-notes.txt")).toBe("V1 2 notes");
    expect(titleOfPath("___.md")).toBe("___.md");
  });

  it("is one line of bounded length", () => {
    expect(tidyTitle(" a\n\u0007 b ")).toBe("a b");
    expect(tidyTitle("x".repeat(500))).toHaveLength(200);
    expect(tidyTitle(" \n")).toBeUndefined();
  });
});

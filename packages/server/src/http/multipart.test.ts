import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMultipart } from "./multipart.ts";

/** As a browser or Node writes it. */
async function written(form: FormData): Promise<{ body: Buffer; contentType: string }> {
  const response = new Response(form);
  return { body: Buffer.from(await response.arrayBuffer()), contentType: response.headers.get("content-type") ?? "" };
}

const CONTENT_TYPE = "multipart/form-data; boundary=xyz";
const parse = (...lines: readonly string[]) => parseMultipart(Buffer.from(lines.join("\r\n")), CONTENT_TYPE);

describe("a form", () => {
  it("is read as it was written, whatever bytes and names are in it", async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((values) => new Uint8Array(values)),
      fc.constantFrom("", "\r\n", "\r\n--", "--", "\r\n\r\n", "------formdata-undici-0").map((text) => new TextEncoder().encode(text)),
    );
    const text = fc.string({ unit: fc.constantFrom("a", '"', "\\", "ü", "🦉", "%", " ", ";", "=", "/"), maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        bytes,
        text,
        text.map((name) => `${name}.md`),
        async (content, path, fileName) => {
          const form = new FormData();
          form.append("file", new Blob([content], { type: "text/markdown" }), fileName);
          form.append("path", path);
          const { body, contentType } = await written(form);
          const [file, field, ...others] = parseMultipart(body, contentType);
          expect(others).toEqual([]);
          expect(file).toMatchObject({ name: "file", fileName, mediaType: "text/markdown" });
          expect(Buffer.compare(file?.bytes ?? Buffer.of(1), content)).toBe(0);
          expect(field).toMatchObject({ name: "path", fileName: undefined });
          expect(new TextDecoder().decode(field?.bytes)).toBe(path);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("is read as curl writes it, with names in quotes and without", () => {
    const parts = parse(
      "--xyz",
      'Content-Disposition: form-data; name="file"; filename="a.md"',
      "Content-Type: text/markdown",
      "",
      "A.",
      "--xyz--",
      "",
    );
    expect(parts).toEqual([{ name: "file", fileName: "a.md", mediaType: "text/markdown", bytes: Buffer.from("A.") }]);
    expect(parse("--xyz", "content-disposition: form-data; name=path", "", "b.md", "--xyz--")).toMatchObject([{ name: "path" }]);
    expect(parse("--xyz--")).toEqual([]);
  });

  const part = ["--xyz", 'Content-Disposition: form-data; name="a"', "", "A."];
  it.each([
    ["no boundary in front", ["A.", "--xyz--"]],
    ["no end", part],
    ["an end within a head", ["--xyz", "Content-Disposition: form-data"]],
    ["a part without a name", ["--xyz", "Content-Disposition: form-data", "", "A.", "--xyz--"]],
    ["a part that is none of a form", ["--xyz", 'Content-Disposition: attachment; name="a"', "", "A.", "--xyz--"]],
    ["something behind a boundary", ["--xyz", ...part.slice(1), "--xyzzy", "", "--xyz--"]],
    ["more than eight parts", [...Array<string[]>(9).fill(part).flat(), "--xyz--"]],
    ["a head without end", ["--xyz", `X: ${"x".repeat(10_000)}`, ...part.slice(1), "--xyz--"]],
  ])("is refused with %s", (_, lines) => {
    expect(() => parse(...lines)).toThrow(expect.objectContaining({ code: "invalid_request" }));
  });

  it.each(["multipart/form-data", "multipart/form-data; boundary=", `multipart/form-data; boundary=${"x".repeat(71)}`])(
    "is refused as %s",
    (contentType) => {
      expect(() => parseMultipart(Buffer.from("--xyz--"), contentType)).toThrow(expect.objectContaining({ code: "invalid_request" }));
    },
  );

  it("that is no form at all is refused without anything else being thrown", () => {
    const line = fc.constantFrom("--xyz", "--xyz--", "", "\r\n", 'Content-Disposition: form-data; name="a"', "\0", "ÿ", "Content-Disposition:");
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        try {
          parse(...lines);
        } catch (error) {
          expect(error).toMatchObject({ code: "invalid_request" });
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

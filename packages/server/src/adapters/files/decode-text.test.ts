import { UnprocessableDocument } from "@rag-personal/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeText } from "./decode-text.ts";

/** UTF-16 in big-endian order. */
function utf16be(text: string): Buffer {
  return Buffer.from(text, "utf16le").swap16();
}

const withMark = {
  utf8: (text: string) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)]),
  utf16le: (text: string) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, "utf16le")]),
  utf16be: (text: string) => Buffer.concat([Buffer.from([0xfe, 0xff]), utf16be(text)]),
};

/** Well-formed text of any script; line ends are another matter, and control characters make data. */
const anyText = fc.string({ unit: "binary", minLength: 1, maxLength: 200 }).map((text) => `a${text.replace(/[\p{Cc}\ufffd\ufeff]/gu, "")}\n`);

async function refusalOf(bytes: Uint8Array): Promise<string> {
  const error = await decodeText(bytes).then(
    (text) => `decoded: ${text.slice(0, 40)}`,
    (thrown: unknown) => thrown,
  );
  return error instanceof UnprocessableDocument && error.stage === "decode" ? error.message : String(error);
}

describe("decoding text", () => {
  it.each(["utf8", "utf16le", "utf16be"] as const)("is the inverse of encoding as %s with a byte order mark", async (encoding) => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        expect(await decodeText(withMark[encoding](text))).toBe(text);
      }),
    );
  });

  it("is the inverse of encoding as UTF-8 without a mark", async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        expect(await decodeText(Buffer.from(text))).toBe(text);
      }),
    );
  });

  it.each(["Plain English.\nTwo lines.", "Чай заваривают три минуты, не больше.", "茶 is tea.\n水 is water.\n"])(
    "finds UTF-16 without a mark: %s",
    async (text) => {
      expect(await decodeText(Buffer.from(text, "utf16le"))).toBe(text);
      expect(await decodeText(utf16be(text))).toBe(text);
    },
  );

  it("takes Latin-1 and Windows-1252 for what they are", async () => {
    expect(await decodeText(Buffer.from("Café à la crème, größer als über", "latin1"))).toBe("Café à la crème, größer als über");
    expect(await decodeText(Buffer.from("He said \x93yes\x94 \x96 for 5 \x80", "latin1"))).toBe("He said “yes” – for 5 €");
  });

  it("mends UTF-8 with a few broken bytes", async () => {
    const bytes = Buffer.concat([Buffer.from("Grüße, größer, "), Buffer.from([0xff]), Buffer.from(" über")]);
    expect(await decodeText(bytes)).toBe("Grüße, größer, \ufffd über");
    expect(await decodeText(Buffer.from("über größe").subarray(0, -2))).toBe("über grö\ufffd");
  });

  it("believes the encoding that a page states, where the bytes agree", async () => {
    const sjis = Buffer.from([0x93, 0xfa, 0x96, 0x7b, 0x0a]);
    expect(await decodeText(sjis, "shift_jis")).toBe("日本\n");
    expect(await decodeText(Buffer.from("größer"), "shift_jis")).toBe("größer");
    expect(await decodeText(Buffer.from("caf\xe9", "latin1"), "no-such-encoding")).toBe("café");
  });

  it("brings every line end to a line feed, also where slices meet", async () => {
    expect(await decodeText(Buffer.from("a\r\nb\rc\nd"))).toBe("a\nb\nc\nd");
    const slice = 1 << 20;
    const text = `${"x".repeat(slice - 1)}\r\n${"y".repeat(slice - 2)}\r${"é".repeat(slice)}`;
    expect(await decodeText(Buffer.from(text))).toBe(text.replace(/\r\n?/g, "\n"));
  });

  it.each([
    ["%PDF-1.7\n1 0 obj", "it is a PDF document, not text"],
    ["\n\n%PDF-1.4", "it is a PDF document, not text"],
    ["PK\x03\x04\x14\x00", "it is a ZIP archive or an office document, not text"],
    ["\x89PNG\r\n\x1a\n\x00", "it is a PNG image, not text"],
    ["GIF89a/* polyglot */", "it is a GIF image, not text"],
    ["\xff\xd8\xff\xe0\x00\x10JFIF", "it is a JPEG image, not text"],
    ["\x1f\x8b\x08\x00", "it is a gzip archive, not text"],
    ["\x7fELF\x02\x01\x01\x00", "it is an ELF program, not text"],
    ["MZ\x90\x00\x03\x00\x00", "it is a Windows program, not text"],
    ["{\\rtf1\\ansi Hello}", "it is an RTF document, not text"],
    ["SQLite format 3\x00\x10", "it is an SQLite database, not text"],
    [`${"notes".padEnd(257, "\0")}ustar\x0000`, "it is a tar archive, not text"],
    ["text with a \0 in it", "it is binary, not text"],
    ["\x01\x02\x03\x04\x05\x06", "it is binary, not text"],
    ["\x81\x8d\xff\xfe\xfa\x90\x9d", "it is binary, not text"],
    ["\xff\xfe\x00\x00a\x00\x00\x00", "it is UTF-32; save it as UTF-8"],
    ["", "it is empty"],
    [" \n\t\r\n", "it holds nothing but white space"],
    ["\xef\xbb\xbf", "it holds nothing but white space"],
  ])("refuses %j", async (latin1, reason) => {
    expect(await refusalOf(Buffer.from(latin1, "latin1"))).toBe(reason);
  });

  it.each(["MZ is the mark of old programs.", "BM25 ranks.", "Format: WEBP is an image format.", "ID3 tags", "OggS"])(
    "does not mistake a text for a binary: %s",
    async (text) => {
      expect(await decodeText(Buffer.from(text))).toBe(text);
    },
  );

  it("refuses random bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 256, maxLength: 2_000 }), fc.infiniteStream(fc.nat(255)), async (bytes, noise) => {
        const mixed = bytes.map((byte) => byte ^ (noise.next().value ?? 0));
        expect(await refusalOf(mixed)).toMatch(/, not text$/);
      }),
      { numRuns: 200 },
    );
  });

  it("never yields half a surrogate pair, a NUL or a carriage return, whatever the bytes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 64 }),
          anyText.map((text) => Uint8Array.from(Buffer.from(text, "utf16le"))),
        ),
        async (bytes) => {
          const text = await decodeText(bytes).catch((error: unknown) => {
            expect(error).toBeInstanceOf(UnprocessableDocument);
            return "refused";
          });
          expect(text.isWellFormed()).toBe(true);
          expect(text).not.toMatch(/[\0\r]/);
        },
      ),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseEnvFile } from "./env-file.ts";
import { endRotation, rotateSecrets } from "./secret-rotation.ts";

const NOW_MS = Date.UTC(2026, 10, 24, 12);
const HOUR_MS = 3_600_000;
const FILE = `# Keys of the server
API_KEY=old-key # for the app
SECRET_KEY='old-secret'
OTHER=1
`;

function rotate(text: string, { overlapMs = 24 * HOUR_MS, nowMs = NOW_MS, isAgain = false } = {}) {
  const secrets = [`new-${nowMs}-2`, `new-${nowMs}-1`];
  return rotateSecrets(text, { nowMs, overlapMs, isAgain, createSecret: () => secrets.pop() ?? "" });
}
function rotated(...given: Parameters<typeof rotate>): string {
  const result = rotate(...given);
  if (result.kind !== "rotated") throw new Error(result.kind);
  return result.text;
}

describe("a rotation of the environment file", () => {
  it("makes new secrets and keeps those of before for a day, comments and all", () => {
    expect(rotate(FILE)).toEqual({
      kind: "rotated",
      until: "2026-11-25T12:00:00Z",
      text: `# Keys of the server
API_KEY=new-${NOW_MS}-1 # for the app
API_KEY_PREVIOUS=old-key
SECRET_KEY=new-${NOW_MS}-2
SECRET_KEY_PREVIOUS='old-secret'
PREVIOUS_SECRETS_UNTIL=2026-11-25T12:00:00Z
OTHER=1
`,
    });
  });

  it("is not done twice while the overlap lasts: what clients still use would be gone", () => {
    const once = rotated(FILE);
    expect(rotate(once, { nowMs: NOW_MS + HOUR_MS })).toEqual({ kind: "under way", until: "2026-11-25T12:00:00Z" });
    expect(rotated(once, { nowMs: NOW_MS + HOUR_MS, isAgain: true })).toContain(`API_KEY_PREVIOUS=new-${NOW_MS}-1\n`);
    expect(rotated(once, { nowMs: NOW_MS + 24 * HOUR_MS })).toContain(`API_KEY_PREVIOUS=new-${NOW_MS}-1\n`);
  });

  it("without an overlap takes everything of before away at once, also in the middle of one", () => {
    const text = rotated(rotated(FILE), { nowMs: NOW_MS + 1, overlapMs: 0 });
    expect(text).not.toMatch(/old-|-secret/);
    const file = parseEnvFile(text);
    expect(["API_KEY_PREVIOUS", "SECRET_KEY_PREVIOUS", "PREVIOUS_SECRETS_UNTIL"].map(file.get)).toEqual(["", "", ""]);
    expect(file.get("API_KEY")).toBe(`new-${NOW_MS + 1}-1`);
  });

  it("fills in lines that are there and empty, wherever they stand", () => {
    const text = rotated(`API_KEY_PREVIOUS=\nPREVIOUS_SECRETS_UNTIL= # a moment\n${FILE}`);
    expect(text).toMatch(/^API_KEY_PREVIOUS=old-key\nPREVIOUS_SECRETS_UNTIL=2026-11-25T12:00:00Z # a moment\n/);
  });

  it("says what is missing", () => {
    expect(() => rotate("OTHER=1\n")).toThrow("API_KEY and SECRET_KEY are not set there");
    expect(() => rotate('API_KEY=""\nSECRET_KEY=x\n')).toThrow("API_KEY is not set there");
    expect(() => rotate(`${FILE}API_KEY=again\n`)).toThrow("API_KEY is set 2 times, in lines 2, 5");
  });

  it("ends with the new secrets alone, once", () => {
    const ended = endRotation(rotated(FILE)) ?? "";
    expect(ended).not.toContain("old");
    expect(parseEnvFile(ended).get("API_KEY")).toBe(`new-${NOW_MS}-1`);
    expect(endRotation(ended)).toBeUndefined();
    expect(endRotation(FILE)).toBeUndefined();
  });

  it("and its end change nothing else, whatever else is there", () => {
    const other = fc.string({ unit: "grapheme-ascii" }).filter((text) => !/API_KEY|SECRET|[\r\n]/.test(text));
    fc.assert(
      fc.property(fc.array(other), fc.array(other), (before, after) => {
        const lines = [...before, "API_KEY=a", "SECRET_KEY=b", ...after];
        const ended = endRotation(rotated(lines.join("\n"))) ?? "";
        const kept = ended.split("\n").filter((line) => !/^(API_KEY|SECRET_KEY|PREVIOUS_SECRETS)/.test(line));
        expect(kept).toEqual([...before, ...after]);
      }),
    );
  });
});

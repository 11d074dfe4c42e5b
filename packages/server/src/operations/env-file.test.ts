import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseEnvFile } from "./env-file.ts";

const FILE = `# The stack
API_KEY=abc # of the app
export SECRET_KEY = "d e#f" # signs

EMPTY=
# API_KEY=commented out
URL=http://host/#anchor
`;

describe("an environment file", () => {
  it("tells values as they are written, without the comments behind them", () => {
    const file = parseEnvFile(FILE);
    expect(["API_KEY", "SECRET_KEY", "EMPTY", "URL", "NONE"].map(file.get)).toEqual(["abc", '"d e#f"', "", "http://host/#anchor", undefined]);
  });

  it("keeps everything but the value that is set", () => {
    const file = parseEnvFile(FILE);
    file.set("API_KEY", "new");
    file.set("SECRET_KEY", "other");
    expect(file.text()).toBe(FILE.replace("=abc", "=new").replace('"d e#f"', "other"));
  });

  it("adds a line behind another one, or at the end", () => {
    const file = parseEnvFile(FILE);
    file.set("API_KEY_PREVIOUS", "abc", "API_KEY");
    file.set("LAST", "1");
    expect(file.text()).toBe(FILE.replace("# of the app\n", "# of the app\nAPI_KEY_PREVIOUS=abc\n").replace(/$/, "LAST=1\n"));
    const open = parseEnvFile("A=1");
    open.set("B", "2");
    expect(open.text()).toBe("A=1\nB=2");
  });

  it("keeps the line ends of Windows", () => {
    const file = parseEnvFile("A=1\r\nB=2\r\n");
    file.set("A", "3");
    file.set("C", "4", "A");
    expect(file.text()).toBe("A=3\r\nC=4\r\nB=2\r\n");
  });

  it("refuses a variable that is set twice, with the lines", () => {
    expect(() => parseEnvFile("A=1\n#\nA=2\n").get("A")).toThrow("A is set 2 times, in lines 1, 3");
  });

  it("is itself again whatever is in it", () => {
    const line = fc.oneof(fc.string(), fc.constantFrom("A=1", "export B= 'x' # y", 'C = "z"', "#", "", "D=a#b c"));
    fc.assert(
      fc.property(fc.array(line.map((text) => text.replaceAll(/[\r\n]/g, ""))), fc.constantFrom("\n", "\r\n"), (lines, end) => {
        const text = lines.join(end);
        expect(parseEnvFile(text).text()).toBe(text);
      }),
    );
  });
});

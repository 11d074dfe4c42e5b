/** The public API as text: every exported declaration, entry by entry, without comments. A change of it shows in review. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Entry points by the name they are imported by. */
const ENTRIES = {
  "@rag-personal/client": "index",
  "@rag-personal/client/errors": "errors",
  "@rag-personal/client/testing": "testing",
  "@rag-personal/client/trpc": "trpc",
};

/** Declarations of a module by their names. The compiler begins each in the first column and indents everything within. */
function declarationsOf(path: string): Map<string, string> {
  const text = readFileSync(path, "utf8")
    .replaceAll(/^\s*\/\*\*[\s\S]*?\*\/\n/gm, "")
    .replaceAll(/^\/\/.*\n/gm, "");
  const declarations = new Map<string, string>();
  for (const statement of text.split(/\n(?=[a-z])/)) {
    const name = /^export (?:declare )?(?:abstract )?(?:class|const|function|interface|type) (\w+)/.exec(statement)?.[1];
    if (name !== undefined) declarations.set(name, [declarations.get(name), statement.trimEnd()].filter(Boolean).join("\n"));
  }
  return declarations;
}

/** Exported names of an entry and the module each comes from, those of a module handed on whole included. */
function exportsOf(path: string): [string, string][] {
  const text = readFileSync(path, "utf8");
  const moduleAt = (from: string) => join(dirname(path), from.replace(/\.js$/, ".d.ts"));
  const found: [string, string][] = [];
  for (const [, from = ""] of text.matchAll(/export \* from "([^"]+)"/g)) found.push(...exportsOf(moduleAt(from)));
  for (const [, names = "", from = ""] of text.matchAll(/export (?:type )?\{([^}]*)\} from "([^"]+)"/g)) {
    for (const name of names.split(",").filter((each) => each.trim() !== "")) found.push([name.replace("type ", "").trim(), moduleAt(from)]);
  }
  return found.sort(([left], [right]) => (left < right ? -1 : 1));
}

/** @param dist the built package. @throws when an export has no declaration that can be found. */
export function apiReport(dist: string): string {
  const lines = [
    "# Public API of @rag-personal/client",
    "",
    "Written by `node scripts/check-package.ts --update`; read it in review, do not edit it.",
    "",
  ];
  const known = new Map<string, string>();
  for (const [entry, module] of Object.entries(ENTRIES)) {
    lines.push(`## ${entry}`, "", "```ts");
    for (const [name, path] of exportsOf(join(dist, `${module}.d.ts`))) {
      const declaration = declarationsOf(path).get(name);
      if (declaration === undefined) throw new Error(`${entry} exports ${name}, of which ${path} has no declaration.`);
      // What an entry shares with one above stands there.
      lines.push(known.get(name) === path ? `export { ${name} };` : declaration, "");
      known.set(name, path);
    }
    lines.splice(-1, 1, "```", "");
  }
  return lines.join("\n");
}

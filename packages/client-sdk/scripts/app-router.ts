/**
 * The type of the server's tRPC router as a module that needs no file of the server: its schemas worked out by the compiler, written as plain types.
 *
 * Usage: node packages/client-sdk/scripts/app-router.ts
 *
 * Rewrites `src/trpc/app-router.ts`. `check-package.ts` compares that file with what comes out here, so that it cannot fall behind.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { API, type Checker, SymbolFlags, type Type, TypeFlags, type Symbol as TypeSymbol } from "typescript/unstable/sync";

const ROOT = join(import.meta.dirname, "../../..");
const PROJECT = join(ROOT, "packages/server/tsconfig.json");
const ROUTER = { path: join(ROOT, "packages/server/src/trpc/router.ts"), type: "AppRouter" };
const ERROR_SHAPE = { path: join(ROOT, "packages/server/src/trpc/error-shape.ts"), type: "ErrorShape" };
const TARGET = join(ROOT, "packages/client-sdk/src/trpc/app-router.ts");

const INTRINSIC =
  TypeFlags.String |
  TypeFlags.Number |
  TypeFlags.Boolean |
  TypeFlags.Void |
  TypeFlags.Undefined |
  TypeFlags.Null |
  TypeFlags.Never |
  TypeFlags.Unknown;

const PROCEDURES: Readonly<Record<string, string>> = { query: "Query", mutation: "Mutation", subscription: "Subscription" };

const BOOLEANS: readonly string[] = ["true", "false"];
/** Written last in a union. */
const EMPTY: readonly string[] = ["null", "undefined"];

/** Writes types as text without a name that is declared elsewhere. */
function createPrinter(checker: Checker) {
  /** A caller may hand in a list that is not to be changed; what it gets is its own. */
  let isInput = false;

  function propertyOf(type: Type, name: string): Type {
    const symbol = checker.getPropertyOfType(type, name);
    const found = symbol === undefined ? undefined : checker.getTypeOfSymbol(symbol);
    if (found === undefined) throw new Error(`${checker.typeToString(type)} has no property ${name}.`);
    return found;
  }

  function printField(symbol: TypeSymbol): string {
    const type = checker.getTypeOfSymbol(symbol);
    if (type === undefined) throw new Error(`The type of ${symbol.name} is unknown.`);
    return `${symbol.name}${symbol.flags & SymbolFlags.Optional ? "?" : ""}: ${print(type)};`;
  }

  function printUnion(types: readonly Type[]): string {
    const texts = types.map(print);
    const isBoolean = BOOLEANS.every((text) => texts.includes(text));
    const others = texts.filter((text) => !EMPTY.includes(text) && !(isBoolean && BOOLEANS.includes(text)));
    return [...others, ...(isBoolean ? ["boolean"] : []), ...EMPTY.filter((text) => texts.includes(text))].join(" | ");
  }

  function print(type: Type): string {
    if (type.isUnionType()) return printUnion(type.getTypes());
    if (type.isLiteralType() || type.flags & INTRINSIC) return checker.typeToString(type);
    if (checker.isArrayType(type) && type.isTypeReference()) {
      return `${isInput ? "readonly " : ""}(${checker.getTypeArguments(type).map(print).join()})[]`;
    }
    if (type.isTypeReference() && checker.typeToString(type).startsWith("AsyncIterable<")) {
      return `AsyncIterable<${checker.getTypeArguments(type).slice(0, 2).map(print).join(", ")}>`;
    }
    if (checker.typeToString(type) === "FormData") return "FormDataLike";
    if (!type.isObjectType()) throw new Error(`${checker.typeToString(type)} cannot be written without the file that declares it.`);
    const [index] = checker.getIndexInfosOfType(type);
    if (index !== undefined) return `Record<string, ${print(index.valueType)}>`;
    return `{ ${checker.getPropertiesOfType(type).map(printField).join(" ")} }`;
  }

  function printRecord(record: Type): string {
    const entries = checker.getPropertiesOfType(record).map(({ name }) => {
      const member = propertyOf(record, name);
      if (checker.getPropertyOfType(member, "_def") === undefined) return `${name}: ${printRecord(member)};`;
      const definition = propertyOf(member, "_def");
      const kind = PROCEDURES[JSON.parse(print(propertyOf(definition, "type")))];
      const types = propertyOf(definition, "$types");
      isInput = true;
      const input = print(propertyOf(types, "input"));
      isInput = false;
      return `${name}: ${kind}<${input}, ${print(propertyOf(types, "output"))}>;`;
    });
    return `{ ${entries.join("\n")} }`;
  }

  return { propertyOf, print, printRecord };
}

/** The module's source, formatted as the repository has it. */
export function appRouterModule(): string {
  const api = new API();
  try {
    const project = api.updateSnapshot({ openProjects: [PROJECT] }).getProject(PROJECT);
    if (project === undefined) throw new Error(`${PROJECT} is no project.`);
    const { checker, program } = project;
    const { propertyOf, print, printRecord } = createPrinter(checker);
    const exported = ({ path, type }: typeof ROUTER): Type => {
      const file = program.getSourceFile(path);
      const module = file === undefined ? undefined : checker.getSymbolAtLocation(file);
      const symbol = module === undefined ? undefined : checker.getExportsOfModule(module).find(({ name }) => name === type);
      if (symbol === undefined) throw new Error(`${path} does not export ${type}.`);
      return checker.getDeclaredTypeOfSymbol(symbol);
    };
    const record = propertyOf(propertyOf(exported(ROUTER), "_def"), "record");
    return format(`/** The server's tRPC router as a type, written by \`node scripts/app-router.ts\` from the router itself; do not edit it. */
import type { TRPCBuiltRouter, TRPCMutationProcedure, TRPCQueryProcedure, TRPCSubscriptionProcedure } from "@trpc/server";

/** The runtime's FormData. */
type FormDataLike = typeof globalThis extends { FormData: { prototype: infer Host } } ? Host : object;
type Query<Input, Output> = TRPCQueryProcedure<{ input: Input; output: Output; meta: object }>;
type Mutation<Input, Output> = TRPCMutationProcedure<{ input: Input; output: Output; meta: object }>;
type Subscription<Input, Output> = TRPCSubscriptionProcedure<{ input: Input; output: Output; meta: object }>;

/** An error as the router sends it: \`data.code\` is one of the server's codes. */
export type ErrorShape = ${print(exported(ERROR_SHAPE))};

type Root = { ctx: object; meta: object; errorShape: ErrorShape; transformer: false };

/**
 * The type of the server's router, for a plain tRPC client.
 *
 * @example
 * \`\`\`ts
 * import type { AppRouter } from "@rag-personal/client/trpc";
 * import { createTRPCClient, httpLink } from "@trpc/client";
 *
 * const trpc = createTRPCClient<AppRouter>({ links: [httpLink({ url: "http://127.0.0.1:8000/trpc", headers: { "x-api-key": apiKey } })] });
 * const { hits } = await trpc.search.query({ query: "warranty" });
 * console.log(hits.length);
 * \`\`\`
 */
export type AppRouter = TRPCBuiltRouter<Root, ${printRecord(record)}>;
`);
  } finally {
    api.close();
  }
}

function format(source: string): string {
  const { status, stdout, stderr } = spawnSync("biome", ["format", "--stdin-file-path", TARGET], { cwd: ROOT, input: source, encoding: "utf8" });
  if (status !== 0) throw new Error(`The generated module cannot be formatted: ${stderr}`);
  return stdout;
}

/** Whether the module in the repository is what comes out now. */
export const isAppRouterCurrent = (): boolean => readFileSync(TARGET, "utf8") === appRouterModule();

if (import.meta.main) writeFileSync(TARGET, appRouterModule());

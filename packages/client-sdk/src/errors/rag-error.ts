/** The root of the error tree, recognisable across realms and across copies of this package. */
import type { RagErrorCode } from "./codes.ts";

const KINDS = Symbol.for("@rag-personal/client/error-kinds");

function kindsOf(value: unknown): readonly unknown[] {
  if (typeof value !== "object" || value === null) return [];
  const kinds: unknown = Reflect.get(value, KINDS);
  return Array.isArray(kinds) ? kinds : [];
}

/** A class of the tree, as `instanceof` sees it. */
type ErrorClass = (abstract new (...given: never[]) => unknown) & { readonly kind: string };

function isInstance(type: ErrorClass, value: unknown): boolean {
  // A subclass written elsewhere has no kind of its own, and its instances are told apart as usual.
  return Object.hasOwn(type, "kind") ? kindsOf(value).includes(type.kind) : Function.prototype[Symbol.hasInstance].call(type, value);
}

/** What every error may carry besides its message. */
export interface RagErrorOptions {
  /** The lower error. */
  readonly cause?: unknown;
  /** The server's id of the request, when an answer of the server began to arrive: its log has the same one. */
  readonly requestId?: string | undefined;
}

/**
 * Whatever this package throws. `instanceof` holds for an error of another realm (a frame, a worker's `vm` context)
 * or of a second installed copy of this package too.
 *
 * @example
 * ```ts
 * try {
 *   await client.chat.ask("How long is the warranty?");
 * } catch (error) {
 *   if (!(error instanceof RagError)) throw error;
 *   console.error(error.code, error.requestId, error.message);
 * }
 * ```
 */
export abstract class RagError<Code extends RagErrorCode = RagErrorCode> extends Error {
  /** The class's name as it survives minification. */
  static readonly kind: string = "RagError";
  /** Stable, for a `switch`. */
  readonly code: Code;
  /** The server's id of the request; undefined when nothing of an answer arrived. */
  readonly requestId: string | undefined;

  constructor(code: Code, message: string, options: RagErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.requestId = options.requestId;
    const kinds: string[] = [];
    for (let type: unknown = new.target; typeof type === "function" && "kind" in type; type = Object.getPrototypeOf(type)) {
      kinds.push(String(type.kind));
    }
    Object.defineProperties(this, { name: { value: new.target.kind, configurable: true }, [KINDS]: { value: kinds } });
  }

  static override [Symbol.hasInstance]<Class extends ErrorClass>(this: Class, value: unknown): value is InstanceType<Class> {
    // biome-ignore lint/complexity/noThisInStatic: every class of the tree inherits this and asks for itself
    return isInstance(this, value);
  }
}

/** How the server and its parts are. */
import type { ResponsePromise } from "./http/response-promise.ts";
import { number, object, optional, record, type Shape, string } from "./http/shape.ts";
import type { OpenUnion } from "./open-union.ts";
import type { CallOptions } from "./options.ts";
import type { Calls } from "./trpc/calls.ts";

/** One part of the server. */
export interface HealthComponent {
  readonly status: OpenUnion<"healthy" | "starting" | "unhealthy">;
  /** This and the following are told to callers with a credential. */
  readonly adapter?: string | undefined;
  readonly latencyMs?: number | undefined;
  readonly detail?: string | undefined;
}

/** The server as a whole: `degraded` when it answers although a part is away. */
export interface Health {
  readonly status: OpenUnion<"degraded" | "healthy" | "starting">;
  /** By their names. */
  readonly components: Readonly<Record<string, HealthComponent>>;
}

/**
 * Asks how the server is. It never logs in, so that it also tells when nobody can.
 *
 * @throws what {@link Chat.ask} throws. It is repeated after any failure that may pass.
 *
 * @example
 * ```ts
 * const { status, components } = await client.health({ timeoutMs: 5_000 });
 * console.log(status, Object.keys(components));
 * ```
 */
export type ReadHealth = (options?: CallOptions) => ResponsePromise<Health>;

const component: Shape<HealthComponent> = object<HealthComponent>({
  status: string,
  adapter: optional(string),
  latencyMs: optional(number),
  detail: optional(string),
});

const shape: Shape<Health> = object<Health>({ status: string, components: record(component) });

/** @internal */
export const createHealth =
  (calls: Calls): ReadHealth =>
  (options = {}) =>
    calls.call({ repetition: "harmless", shape }, options, (trpc, given) => trpc.health.query(undefined, given));
